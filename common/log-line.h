/* SPDX-License-Identifier: MIT */
/*
 * One line of a log: when it was written, by which program, and whether it is
 * an audit line. Only the place of the words decides, never that they are
 * there: a HELO, a user name or another program that says "tlsfloor: action="
 * is somebody else's line, whatever follows.
 *
 * Understood are the forms of RFC 3164 and of RFC 5424 as syslogs write them
 * into files, with either form of time; what journalctl -o short and short-iso
 * print; and Dovecot's own log file.
 */
#ifndef TLSFLOOR_LOG_LINE_H
#define TLSFLOOR_LOG_LINE_H

#include "audit-read.h"

enum tlsfloor_stamp_zone {
    TLSFLOOR_STAMP_LOCAL = 0, /* the time of the machine that wrote it */
    TLSFLOOR_STAMP_OFFSET
};

struct tlsfloor_stamp {
    int year; /* 0: the stamp has none */
    int month, day, hour, minute, second;
    enum tlsfloor_stamp_zone zone;
    int offset; /* seconds east of UTC */
};

enum tlsfloor_log_kind {
    TLSFLOOR_LOG_OTHER = 0, /* not about us */
    TLSFLOOR_LOG_AUDIT,
    TLSFLOOR_LOG_DAMAGED, /* an audit line once, and now cut or mangled */
    TLSFLOOR_LOG_LOST     /* a logger, or tlsfloor-policyd, tells of lines that it lost */
};

enum tlsfloor_log_program { TLSFLOOR_LOG_POSTFIX = 0, TLSFLOOR_LOG_DOVECOT };
#define TLSFLOOR_LOG_PROGRAMS 2

struct tlsfloor_log_line {
    enum tlsfloor_log_kind kind;
    struct tlsfloor_stamp stamp;       /* of every kind but OTHER */
    struct tlsfloor_text host;         /* empty: the line does not say */
    enum tlsfloor_log_program program; /* of AUDIT and DAMAGED: on behalf of which server */
    struct tlsfloor_audit_record record;
};

/* Reads a line, without its newline, into *line_r; its kind. */
enum tlsfloor_log_kind tlsfloor_log_line_read(struct tlsfloor_text text,
                                              struct tlsfloor_log_line *line_r);

/* The same for a message of which the journal has told the program; stamp and host stay. */
enum tlsfloor_log_kind tlsfloor_log_message_read(struct tlsfloor_text ident,
                                                 struct tlsfloor_text message,
                                                 struct tlsfloor_log_line *line_r);

#endif
