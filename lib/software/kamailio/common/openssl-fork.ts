/**
 * OpenSSL 3 keeps the errors of a thread in a variable of that thread. Kamailio 5.6 initialises OpenSSL before it forks, with memory that
 * its processes share: all of them then write and free the same list of errors. 500 phones that connected over TLS within a second
 * ended it (double free, signal 11; kamailio/kamailio issues 3635 and 3791). Kamailio 5.8 has a setting for it, tls_threads_mode.
 *
 * A library that is loaded before OpenSSL notes the variables that OpenSSL makes, and lets every process begin without their values, as
 * a new thread does.
 */
import type { Command, HostFile } from '../../host-config.ts';

const source = '/usr/local/lib/cellstamp/openssl-fork.c';
const library = '/usr/local/lib/cellstamp/openssl-fork.so';

/** A compiler of less than 1 MB, which needs no headers for this. */
export const compilerPackage = 'tcc';

export const buildOpensslFork: Command = ['/usr/bin/tcc', '-shared', '-nostdlib', '-o', library, source];

export const withOpensslFork = { LD_PRELOAD: library } as const;

export const opensslForkFile: HostFile = {
  path: source,
  mode: '0644',
  owner: 'root',
  group: 'root',
  text: String.raw`/*
 * Loaded before OpenSSL into Kamailio, which forks after it has initialised OpenSSL with memory that all its processes share. What
 * OpenSSL keeps for a thread (the list of its errors) is then the same for all of them, and they free it twice. Every process begins
 * without it, as a new thread does.
 */
typedef unsigned int pthread_key_t;
typedef struct {
    const char *file;
    void *base;
    const char *symbol;
    void *address;
} Dl_info;

extern void *dlsym(void *handle, const char *symbol);
extern int dladdr(const void *address, Dl_info *info);
extern int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
extern int pthread_setspecific(pthread_key_t key, const void *value);
extern char *strstr(const char *text, const char *part);
extern void abort(void);

#define RTLD_NEXT ((void *)-1)

static pthread_key_t keys[64];
static int count;

static void forget(void)
{
    int i;
    for (i = 0; i < count; i++)
        pthread_setspecific(keys[i], 0);
}

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    int (*create)(pthread_key_t *, void (*)(void *)) = dlsym(RTLD_NEXT, "pthread_key_create");
    int result = create(key, destructor);
    Dl_info caller;

    if (result != 0 || !dladdr(__builtin_return_address(0), &caller) || !strstr(caller.file, "/libcrypto.so"))
        return result;
    /* OpenSSL 3.0 makes about ten. */
    if (count == sizeof keys / sizeof keys[0])
        abort();
    if (count == 0)
        pthread_atfork(0, 0, forget);
    keys[count++] = *key;
    return 0;
}
`,
};
