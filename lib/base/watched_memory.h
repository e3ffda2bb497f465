/* Whether memory is watched, by AddressSanitizer: what is kept to be used again has to be given
 * back then, as a use of what is gone would not be seen. */
#ifndef FARMLOCK_BASE_WATCHED_MEMORY_H
#define FARMLOCK_BASE_WATCHED_MEMORY_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED_MEMORY 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(WATCHED_MEMORY)
enum { MEMORY_IS_WATCHED = 1 };
#else
enum { MEMORY_IS_WATCHED = 0 };
#endif

#endif
