/* SPDX-License-Identifier: MIT */
/*
 * A block is written with one call and read with one. Whoever reads while it
 * is written may see parts of both, which the checksum tells.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "envelope-file.h"
#include "state.h"

int
tlsfloor_envelope_open(const char *directory)
{
    char path[TLSFLOOR_PATH], error[TLSFLOOR_ERROR_TEXT];
    int fd;

    if (tlsfloor_state_path(directory, TLSFLOOR_STATE_ENVELOPE, path, error) != 0 ||
        tlsfloor_file_open(path, TLSFLOOR_ENVELOPE_SIZE, &fd, NULL, error) != 1)
        return -1;
    return fd;
}

int
tlsfloor_envelope_read(int fd, struct tlsfloor_envelope *envelope_r)
{
    unsigned char block[TLSFLOOR_ENVELOPE_SIZE];
    ssize_t size = fd < 0 ? 0 : pread(fd, block, sizeof(block), 0);

    return tlsfloor_envelope_decode(block, size < 0 ? 0 : (size_t)size, envelope_r);
}

int
tlsfloor_envelope_is_gone(int fd)
{
    struct stat st;

    return fd < 0 || fstat(fd, &st) != 0 || st.st_nlink == 0;
}
