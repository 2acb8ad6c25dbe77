/* SPDX-License-Identifier: MIT */
/*
 * A system log that reads and forgets, as fast as it can or a line in so many
 * microseconds.
 *
 *   logger SOCKET [MICROSECONDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    unsigned pause = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    char line[8192];

    if (argc < 2)
        return 2;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        perror(argv[1]);
        return 2;
    }
    while (recv(fd, line, sizeof(line), 0) >= 0) {
        if (pause > 0)
            usleep(pause);
    }
    return 0;
}
