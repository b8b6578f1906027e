/* Harm that a node cannot tell from a bad machine: preloaded into it, told what to do by a file that the test writes.
 *
 * HARM_FILE names a file of 32 bytes, little endian, mapped and read before each call:
 *   0  i64  microseconds by which the wall clock is wrong; clocks that only count are right
 *   8  i64  microseconds that each sync of a file takes longer
 *  16  i32  1: a sync of a file fails with EIO
 *  20  i32  1: a file cannot grow, ENOSPC, and the disk says that it is full
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct harm {
  volatile int64_t clock_us, sync_us;
  volatile int32_t sync_fails, disk_full;
  int64_t unused;
};

static struct harm none;
static struct harm* harm = &none;

__attribute__((constructor)) static void begin(void) {
  const char* name = getenv("HARM_FILE");
  int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void* at = mmap(NULL, sizeof(struct harm), PROT_READ, MAP_SHARED, fd, 0);
  if (at != MAP_FAILED) harm = at;
  close(fd);
}

#define REAL(name)               \
  static __typeof__(&name) real; \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* --- the clock */

static void shift(struct timespec* t, int64_t us) {
  int64_t ns = t->tv_nsec + (us % 1000000) * 1000;
  t->tv_sec += us / 1000000 + (ns < 0 ? -1 : ns / 1000000000);
  t->tv_nsec = (ns % 1000000000 + 1000000000) % 1000000000;
}

int clock_gettime(clockid_t clock, struct timespec* t) {
  REAL(clock_gettime);
  int done = real(clock, t);
  if (done == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) && harm->clock_us)
    shift(t, harm->clock_us);
  return done;
}

int gettimeofday(struct timeval* restrict t, void* restrict zone) {
  (void)zone;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  t->tv_sec = now.tv_sec;
  t->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}

/* The kernel waits by its own clock. */
int pthread_cond_timedwait(pthread_cond_t* restrict c, pthread_mutex_t* restrict m,
                           const struct timespec* restrict until) {
  REAL(pthread_cond_timedwait);
  struct timespec mine = *until;
  if (harm->clock_us) shift(&mine, -harm->clock_us);
  return real(c, m, &mine);
}

/* --- syncs */

static int before_sync(void) {
  int64_t us = harm->sync_us;
  if (us > 0) {
    struct timespec wait = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&wait, NULL);
  }
  if (!harm->sync_fails) return 0;
  errno = EIO;
  return -1;
}

int fdatasync(int fd) {
  REAL(fdatasync);
  return before_sync() ? -1 : real(fd);
}
int fsync(int fd) {
  REAL(fsync);
  return before_sync() ? -1 : real(fd);
}

/* --- space */

static int no_space(int fd) {
  if (!harm->disk_full) return 0;
  struct stat what;
  if (fstat(fd, &what) != 0 || !S_ISREG(what.st_mode)) return 0;
  errno = ENOSPC;
  return 1;
}

ssize_t write(int fd, const void* p, size_t n) {
  REAL(write);
  return no_space(fd) ? -1 : real(fd, p, n);
}
ssize_t writev(int fd, const struct iovec* p, int n) {
  REAL(writev);
  return no_space(fd) ? -1 : real(fd, p, n);
}
ssize_t pwrite(int fd, const void* p, size_t n, off_t at) {
  REAL(pwrite);
  return no_space(fd) ? -1 : real(fd, p, n, at);
}
ssize_t pwrite64(int fd, const void* p, size_t n, off64_t at) {
  REAL(pwrite64);
  return no_space(fd) ? -1 : real(fd, p, n, at);
}
int fallocate(int fd, int mode, off_t at, off_t n) {
  REAL(fallocate);
  return no_space(fd) ? -1 : real(fd, mode, at, n);
}
int fallocate64(int fd, int mode, off64_t at, off64_t n) {
  REAL(fallocate64);
  return no_space(fd) ? -1 : real(fd, mode, at, n);
}
int statvfs(const char* restrict path, struct statvfs* restrict out) {
  REAL(statvfs);
  int done = real(path, out);
  if (done == 0 && harm->disk_full) out->f_bfree = out->f_bavail = 0;
  return done;
}
int statvfs64(const char* restrict path, struct statvfs64* restrict out) {
  REAL(statvfs64);
  int done = real(path, out);
  if (done == 0 && harm->disk_full) out->f_bfree = out->f_bavail = 0;
  return done;
}
