/* What a server's refusal means, as a word that does not change with its wording. */
#ifndef FARMLOCK_CLIENT_ERROR_CODE_H
#define FARMLOCK_CLIENT_ERROR_CODE_H

/* The words of `error-code` in lockerd-protocol(7). */
enum error_code {
    ERROR_CODE_NONE,      /* nothing was refused */
    ERROR_CODE_LATER,     /* it cannot be done now; the same again by itself may be */
    ERROR_CODE_LIMIT,     /* over a limit of the server; of use only once something has ended */
    ERROR_CODE_OWN,       /* what the owner has itself is in the way */
    ERROR_CODE_DENIED,    /* whoever asks may not */
    ERROR_CODE_MALFORMED, /* a line that cannot be understood or used */
    ERROR_CODE_UNKNOWN,   /* there is no such thing */
    ERROR_CODE_REFUSED,   /* anything else that is final */
};

/* The code that a word stands for; a word that is not known, of a later server, is final. */
enum error_code error_code_parse(const char *word);

/* The code that a server of version 0.1.0, which sends none, means by the text of its error.  It is
 * for such a server alone: the words that it looks for stand in no other one's way.
 */
enum error_code code_of_older_server(const char *text);

#endif
