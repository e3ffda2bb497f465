/* SQLite's file layer, with failures.
 * Must not change what a call does that it lets pass. */
#include "failing_vfs.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "power_cut.h"

/* Our file is the real one behind a head of our own. */
struct failing_file {
    sqlite3_file base;
    sqlite3_file *real;
    struct power_file *power;
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs failing_vfs;
static atomic_long calls_left = -1;

void failing_vfs_fail_after(long calls)
{
    atomic_store(&calls_left, calls);
}

static int fails(void)
{
    long left = atomic_load(&calls_left);

    if (left < 0)
        return 0;
    if (left == 0)
        return 1;
    atomic_store(&calls_left, left - 1);
    return 0;
}

static struct power_file *power_of(sqlite3_file *file)
{
    return ((struct failing_file *)(void *)file)->power;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct failing_file *)(void *)file)->real;
}

static int file_close(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    int result = real->pMethods->xClose(real);

    free(real);
    return result;
}

static int file_read(sqlite3_file *file, void *data, int len, sqlite3_int64 at)
{
    return real_of(file)->pMethods->xRead(real_of(file), data, len, at);
}

static int file_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
    /* A disk that is full has often taken a part. */
    if (fails()) {
        real_of(file)->pMethods->xWrite(real_of(file), data, len / 2, at);
        return SQLITE_FULL;
    }
    power_cut_write(power_of(file), data, len, at);
    return real_of(file)->pMethods->xWrite(real_of(file), data, len, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (fails())
        return SQLITE_IOERR_TRUNCATE;
    power_cut_truncate(power_of(file), size);
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    if (fails())
        return SQLITE_IOERR_FSYNC;
    power_cut_sync(power_of(file));
    return power_of(file) != NULL ? SQLITE_OK
                                  : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int file_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, out);
}

static int file_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int delete_it)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_it);
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *out_flags)
{
    struct failing_file *self = (struct failing_file *)(void *)file;
    int result;

    (void)vfs;
    memset(self, 0, sizeof *self);
    self->real = calloc(1, (size_t)real_vfs->szOsFile);
    assert_non_null(self->real);
    result = real_vfs->xOpen(real_vfs, name, self->real, flags, out_flags);
    if (result == SQLITE_OK)
        self->base.pMethods = &file_methods;
    else
        free(self->real);
    self->power = result == SQLITE_OK ? power_cut_open(name) : NULL;
    return result;
}

void failing_vfs_install(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    failing_vfs = *real_vfs;
    failing_vfs.szOsFile = (int)sizeof(struct failing_file);
    failing_vfs.zName = "failing";
    failing_vfs.xOpen = vfs_open;
    assert_int_equal(sqlite3_vfs_register(&failing_vfs, 1), SQLITE_OK);
}
