# uriexec is started often and does little: where there is a static C library it is linked with
# that, and where start.c knows the machine it need not even wait for that to start.
URIEXEC_START  := $(if $(findstring -fsanitize,$(VARIANT_FLAGS) $(CFLAGS) $(LDFLAGS)),,$(and \
    $(wildcard $(shell $(CC) -print-file-name=rcrt1.o 2>/dev/null)),$(wildcard $(shell $(CC) -print-file-name=libc.a 2>/dev/null)),\
    -static-pie $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine 2>/dev/null)),-Wl$(comma)-e$(comma)uriexec_start)))
# The stack protector's canary is in what the C library sets up.
$B/obj/wrappers/uriexec/start.o: OWN_CFLAGS := -fno-stack-protector
$B/bin/uriexec: LIBS := $(URIEXEC_START)
