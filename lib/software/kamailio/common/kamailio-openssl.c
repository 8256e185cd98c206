/*
 * Loaded into Kamailio before OpenSSL.
 *
 * 1. Kamailio forks after it has initialised OpenSSL with memory that all its processes share. What OpenSSL keeps for a thread (the
 *    list of its errors) is then the same for all of them, and they free it twice. Every process begins without it, as a new thread does.
 * 2. A server that is given a name (SNI) must have it in its certificate (RFC 5922, section 7.2); one that is given an address, that.
 */
typedef unsigned int pthread_key_t;
typedef struct {
    const char *file;
    void *base;
    const char *symbol;
    void *address;
} Dl_info;

extern void *dlopen(const char *file, int mode);
extern void *dlsym(void *handle, const char *symbol);
extern int dladdr(const void *address, Dl_info *info);
extern int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
extern int pthread_setspecific(pthread_key_t key, const void *value);
extern char *strstr(const char *text, const char *part);
extern void abort(void);

#define RTLD_NEXT ((void *)-1)
#define RTLD_LAZY 1
#define RTLD_NOLOAD 4
#define SSL_CTRL_SET_TLSEXT_HOSTNAME 55
#define X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS 4

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

static void *function(const char *name)
{
    void *found = dlsym(dlopen("libssl.so.3", RTLD_LAZY | RTLD_NOLOAD), name);
    if (!found)
        abort();
    return found;
}

long SSL_ctrl(void *ssl, int command, long number, void *text)
{
    static long (*control)(void *, int, long, void *);

    if (!control)
        control = function("SSL_ctrl");
    if (command == SSL_CTRL_SET_TLSEXT_HOSTNAME && text) {
        void *(*parameters)(void *) = function("SSL_get0_param");
        int (*set_address)(void *, const char *) = function("X509_VERIFY_PARAM_set1_ip_asc");
        void (*set_flags)(void *, unsigned int) = function("SSL_set_hostflags");
        int (*set_name)(void *, const char *) = function("SSL_set1_host");

        /* SNI has names only (RFC 6066, section 3). */
        if (set_address(parameters(ssl), text))
            return 1;
        set_flags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        if (!set_name(ssl, text))
            return 0;
    }
    return control(ssl, command, number, text);
}
