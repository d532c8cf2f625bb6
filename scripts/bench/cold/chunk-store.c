/*
 * A file system whose files are fetched in chunks when they are first touched, as Lambda fetches what is not yet on the
 * host:
 *
 *     chunk-store FOLDER MOUNTPOINT MILLISECONDS
 *
 * What is in FOLDER can be read below MOUNTPOINT. Each first touch of a chunk of 512 KiB of a file takes so many milliseconds,
 * whoever waits for it; different chunks are fetched at the same time. The kernel asks for 128 KiB at most, and for several
 * at once. It prints "mounted" on a line of its own when it is ready; SIGTERM unmounts it, and it prints one line of JSON:
 *
 *     chunks   how many chunks were fetched
 *     bytes    how many bytes the kernel asked for
 *
 * The files are read into memory before, so that no disk has a part in it. Needs root and /dev/fuse; compiled with libfuse 3.
 */
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <fuse.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CHUNK (512 * 1024)
#define MOST_FILES 65536
#define REQUEST (128 * 1024)

enum { ABSENT, COMING, THERE };

struct file {
  char *path; /* below the folder, with a slash in front; "" for the folder itself */
  struct stat status;
  char *bytes;
  unsigned char *chunks; /* the state of each */
};

static struct file files[MOST_FILES];
static int file_count;
static size_t folder_length;
static useconds_t microseconds;
static long chunks_fetched;
static long long bytes_read;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int load(const char *path, const struct stat *status, int type, struct FTW *place) {
  (void)place;
  if (type != FTW_F && type != FTW_D) return 0;
  if (file_count == MOST_FILES) {
    fprintf(stderr, "chunk-store: more than %d files\n", MOST_FILES);
    exit(1);
  }
  struct file *file = &files[file_count++];
  file->path = strdup(path + folder_length);
  file->status = *status;
  if (type == FTW_D) return 0;
  size_t size = (size_t)status->st_size;
  file->bytes = malloc(size + 1);
  file->chunks = calloc(size / CHUNK + 1, 1);
  int source = open(path, O_RDONLY | O_CLOEXEC);
  if (source < 0 || file->bytes == NULL || file->chunks == NULL) fail(path);
  for (size_t done = 0; done < size;) {
    ssize_t got = read(source, file->bytes + done, size - done);
    if (got <= 0) fail(path);
    done += (size_t)got;
  }
  close(source);
  return 0;
}

static struct file *find(const char *path) {
  const char *wanted = strcmp(path, "/") == 0 ? "" : path;
  for (int index = 0; index < file_count; index++) {
    if (strcmp(files[index].path, wanted) == 0) return &files[index];
  }
  return NULL;
}

/* Returns when the chunk is there; the first who touches it lets the time pass. */
static void fetch(struct file *file, size_t chunk) {
  pthread_mutex_lock(&lock);
  if (file->chunks[chunk] == ABSENT) {
    file->chunks[chunk] = COMING;
    chunks_fetched++;
    pthread_mutex_unlock(&lock);
    usleep(microseconds);
    pthread_mutex_lock(&lock);
    file->chunks[chunk] = THERE;
    pthread_cond_broadcast(&arrived);
  }
  while (file->chunks[chunk] != THERE) pthread_cond_wait(&arrived, &lock);
  pthread_mutex_unlock(&lock);
}

static int store_getattr(const char *path, struct stat *status, struct fuse_file_info *info) {
  (void)info;
  struct file *file = find(path);
  if (file == NULL) return -ENOENT;
  *status = file->status;
  return 0;
}

static int store_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info,
                         enum fuse_readdir_flags flags) {
  (void)offset, (void)info, (void)flags;
  size_t length = strcmp(path, "/") == 0 ? 0 : strlen(path);
  fill(buffer, ".", NULL, 0, 0);
  fill(buffer, "..", NULL, 0, 0);
  for (int index = 0; index < file_count; index++) {
    const char *name = files[index].path;
    if (strncmp(name, path, length) == 0 && name[length] == '/' && strchr(name + length + 1, '/') == NULL)
      fill(buffer, name + length + 1, NULL, 0, 0);
  }
  return 0;
}

static int store_open(const char *path, struct fuse_file_info *info) {
  struct file *file = find(path);
  if (file == NULL) return -ENOENT;
  if ((info->flags & O_ACCMODE) != O_RDONLY) return -EROFS;
  info->fh = (uint64_t)(uintptr_t)file;
  info->keep_cache = 1;
  return 0;
}

static int store_read(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *info) {
  (void)path;
  struct file *file = (struct file *)(uintptr_t)info->fh;
  size_t end = (size_t)file->status.st_size, start = (size_t)offset;
  if (start >= end) return 0;
  if (size > end - start) size = end - start;
  for (size_t chunk = start / CHUNK; chunk <= (start + size - 1) / CHUNK; chunk++) fetch(file, chunk);
  memcpy(buffer, file->bytes + start, size);
  pthread_mutex_lock(&lock);
  bytes_read += (long long)size;
  pthread_mutex_unlock(&lock);
  return (int)size;
}

static void *store_init(struct fuse_conn_info *connection, struct fuse_config *config) {
  connection->max_readahead = connection->max_read = REQUEST;
  connection->want &= ~(unsigned)FUSE_CAP_WRITEBACK_CACHE;
  config->kernel_cache = 1;
  config->attr_timeout = config->entry_timeout = 3600;
  printf("mounted\n");
  fflush(stdout);
  return NULL;
}

static const struct fuse_operations operations = {
    .init = store_init, .getattr = store_getattr, .readdir = store_readdir, .open = store_open, .read = store_read};

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: chunk-store FOLDER MOUNTPOINT MILLISECONDS\n");
    return 2;
  }
  folder_length = strlen(argv[1]);
  microseconds = (useconds_t)(atof(argv[3]) * 1000);
  if (nftw(argv[1], load, 16, FTW_PHYS) != 0) fail(argv[1]);
  /* Or what drops the page cache would make it read this program anew. */
  if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) fail("mlockall");
  char options[96];
  snprintf(options, sizeof options, "ro,max_read=%d,max_threads=16,default_permissions,allow_other", REQUEST);
  char *arguments[] = {argv[0], "-f", "-o", options, argv[2], NULL};
  int status = fuse_main(5, arguments, &operations, NULL);
  printf("{\"chunks\":%ld,\"bytes\":%lld}\n", chunks_fetched, bytes_read);
  return status;
}
