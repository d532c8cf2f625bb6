/*
 * What the servers of the benchmark have in common: they start one runtime, and take whole requests from its connections.
 *
 * CONNECTIONS is how many there may be at once; to be defined before this is included, which is the first thing of a program.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char ACCEPTED[] =
    "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n";

static pid_t child;

static void end_runtime(void) {
  if (child <= 0) return;
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

static void fail(const char *what) {
  fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
  end_runtime();
  exit(1);
}

static void refuse(const char *what, const char *sent) {
  fprintf(stderr, "%s: expected %s, and the runtime sent %.200s\n", program_invocation_short_name, what, sent);
  end_runtime();
  exit(1);
}

static void refuse_exit(void) {
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) fprintf(stderr, "%s: the runtime exited with status %d\n", program_invocation_short_name, WEXITSTATUS(status));
  else fprintf(stderr, "%s: the runtime was ended by signal %d\n", program_invocation_short_name, WTERMSIG(status));
  exit(1);
}

/* Writes `text` to a file of a cgroup, which says at once what it thinks of it. */
static void write_to(const char *folder, const char *name, const char *text) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text)) fail(path);
  close(file);
}

/* `list`: numbers of CPUs, with commas between them. For this program and what it starts. */
static void pin_to(const char *list) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  for (char *at = (char *)list;; at++) {
    CPU_SET(strtoul(at, &at, 10), &cpus);
    if (*at != ',') break;
  }
  if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) fail("-c");
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t own_cpu_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Nanoseconds of CPU that all threads of the runtime have used, those that have ended too. */
static uint64_t cpu_ns(void) {
  clockid_t clock;
  struct timespec time;
  if (clock_getcpuclockid(child, &clock) != 0 || clock_gettime(clock, &time) != 0) fail("the runtime's CPU time");
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* The number in a line of one of the runtime's files in /proc; -1 where there is none. */
static long long number_in(const char *name, const char *format) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)child, name);
  FILE *file = fopen(path, "r");
  long long number = -1;
  while (file != NULL && fgets(line, sizeof line, file) != NULL) sscanf(line, format, &number);
  if (file != NULL) fclose(file);
  return number;
}

static long long peak_kib(void) { return number_in("status", "VmHWM: %lld"); }

struct request {
  char line[256];
  char *body; /* as it was sent, chunks and all; valid until the next read */
  size_t body_length;
};

/* Place 0 of `sockets` is the listener, place 1 the runtime's process. */
#define FIRST_CONNECTION 2
#define PLACES (FIRST_CONNECTION + CONNECTIONS)

struct connection {
  size_t used, taken;
  char buffer[1 << 16];
};

static struct pollfd sockets[PLACES];
static struct connection connections[PLACES];

/* Takes one whole request off what has arrived; returns 0 when there is none yet. */
static int take_request(struct connection *from, struct request *request) {
  char *buffer = from->buffer;
  size_t used = from->used;
  if (used >= 5 && memcmp(buffer, "GET /", 5) != 0 && memcmp(buffer, "POST ", 5) != 0) {
    buffer[used < 200 ? used : 200] = 0;
    refuse("a GET or POST request", buffer);
  }
  char *end = used > 0 ? memmem(buffer, used, "\r\n\r\n", 4) : NULL;
  if (end != NULL) {
    size_t head = (size_t)(end - buffer) + 4, body = 0;
    int chunked = 0;
    for (char *line = buffer; line < end;) {
      char *line_end = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
      if (strncasecmp(line, "content-length:", 15) == 0) body = strtoul(line + 15, NULL, 10);
      if (strncasecmp(line, "transfer-encoding:", 18) == 0) chunked = 1;
      line = line_end + 2;
    }
    size_t whole = head + body;
    if (chunked) {
      char *last = memmem(buffer + head, used - head, "\r\n0\r\n\r\n", 7);
      if (last == NULL && used - head >= 5 && memcmp(buffer + head, "0\r\n\r\n", 5) == 0) last = buffer + head - 2;
      whole = last == NULL ? used + 1 : (size_t)(last - buffer) + 7;
    }
    if (used >= whole) {
      size_t line = (size_t)((char *)memchr(buffer, '\r', used) - buffer);
      snprintf(request->line, sizeof request->line, "%.*s", (int)line, buffer);
      request->body = buffer + head;
      request->body_length = whole - head;
      from->taken = whole;
      return 1;
    }
  }
  if (used == sizeof from->buffer) refuse("a request of at most 64 KiB", "a longer one");
  return 0;
}

static void accept_connection(void) {
  int on = 1, connection = accept4(sockets[0].fd, NULL, NULL, SOCK_CLOEXEC);
  if (connection < 0) fail("accept");
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  for (int place = FIRST_CONNECTION; place < PLACES; place++) {
    if (sockets[place].fd >= 0) continue;
    sockets[place] = (struct pollfd){.fd = connection, .events = POLLIN};
    connections[place].used = connections[place].taken = 0;
    return;
  }
  refuse("few connections", "one more than is served");
}

/* Waits for a whole request; returns the place of its connection. */
static int next_request(struct request *request) {
  for (;;) {
    int ready = poll(sockets, PLACES, 30000);
    if (ready < 0) fail("poll");
    if (ready == 0) refuse("a request within 30 s", "none");
    if (sockets[0].revents != 0) accept_connection();
    for (int place = FIRST_CONNECTION; place < PLACES; place++) {
      if (sockets[place].fd < 0 || sockets[place].revents == 0) continue;
      struct connection *connection = &connections[place];
      connection->used -= connection->taken;
      memmove(connection->buffer, connection->buffer + connection->taken, connection->used);
      connection->taken = 0;
      ssize_t got = read(sockets[place].fd, connection->buffer + connection->used, sizeof connection->buffer - connection->used);
      if (got <= 0) {
        close(sockets[place].fd);
        sockets[place] = (struct pollfd){.fd = -1}; /* poll() passes over it */
        continue;
      }
      connection->used += (size_t)got;
      if (take_request(connection, request)) return place;
    }
    if (sockets[1].revents != 0) refuse_exit();
  }
}

static void send_all(int connection, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = write(connection, bytes, length);
    if (sent <= 0) fail("write");
    bytes += sent;
    length -= (size_t)sent;
  }
}

static void print_escaped(const char *bytes, size_t length) {
  putchar('"');
  for (size_t at = 0; at < length; at++) {
    unsigned char byte = (unsigned char)bytes[at];
    if (byte < 32 || byte > 126 || byte == '"' || byte == '\\') printf("\\u%04x", byte);
    else putchar(byte);
  }
  putchar('"');
}

static int is_next(const struct request *request) {
  return strncmp(request->line, "GET /2018-06-01/runtime/invocation/next ", 40) == 0;
}

/* Listens on a port of loopback, and says so in the environment. */
static int listen_for_runtime(void) {
  signal(SIGPIPE, SIG_IGN);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, CONNECTIONS) != 0) fail("listen");
  getsockname(listener, (struct sockaddr *)&address, &length);
  char api[32];
  snprintf(api, sizeof api, "127.0.0.1:%d", ntohs(address.sin_port));
  setenv("AWS_LAMBDA_RUNTIME_API", api, 1);
  return listener;
}

/* In the cgroup of that folder; in that of this program where it is NULL. */
static void start_runtime(int listener, char **command, const char *group) {
  child = fork();
  if (child == 0) {
    if (group != NULL) write_to(group, "cgroup.procs", "0");
    execvp(command[0], command);
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, command[0], strerror(errno));
    _exit(127);
  }
  if (child < 0) fail("fork");
  int process = (int)syscall(SYS_pidfd_open, child, 0);
  if (process < 0) fail("pidfd_open");

  for (int place = FIRST_CONNECTION; place < PLACES; place++) sockets[place].fd = -1;
  sockets[0] = (struct pollfd){.fd = listener, .events = POLLIN};
  sockets[1] = (struct pollfd){.fd = process, .events = POLLIN};
}
