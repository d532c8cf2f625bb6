/*
 * The other side of a benchmark: starts one runtime, is its Runtime API, and measures.
 *
 *     runtime-api-server [OPTION...] COUNT CHECKPOINT COMMAND [ARGUMENT...]
 *
 *     -c CPU       runs the command, and itself, on that CPU only
 *     -d           drops the system's page cache right before the command is started (as root)
 *     -e EVENT     the event of every invocation; {"text":"Hello"} otherwise
 *     -g FOLDER    runs the command in the cgroup of that folder, which is there and has no CPU quota yet
 *     -q FILE=TEXT what to write to a file of that cgroup as soon as the runtime has asked for its first invocation: a
 *                  function has a whole CPU in its init phase, and its memory's share of one from then on; may be repeated
 *     -r           has the command's file read from the disk anew: a file that was just written is in memory in larger
 *                  pages than one that was read, and they count more in VmHWM
 *     -s SECONDS   gives no event after so long, counted from the first response; 0, the default, is for ever
 *
 * It starts COMMAND with AWS_LAMBDA_RUNTIME_API set, serves it COUNT invocations one after the other, ends it with
 * SIGKILL, and prints one line of JSON:
 *
 *     invocations                    how many were answered: COUNT, or fewer where -s came first
 *     firstNextMs, firstResponseMs   from just before fork() to when the whole request had arrived
 *     p50Us, p99Us                   from just before an event is written to when its whole response has been read
 *     perSecond                      invocations a second, from the first to the last, the first left out
 *     secondResponseMs               from just before the second event is written to when its whole response had arrived
 *     cpuMsNext, cpuMsStart,         CPU time of all threads of the runtime's process, as the kernel accounts for it: up to
 *     cpuMsSecond, cpuMsCheckpoint,  its first request for an invocation, up to its first response, of its second
 *     cpuMsAll                       invocation, from the first response to CHECKPOINT invocations, and from there to the last
 *     serverCpuMs                    CPU time of this program, from the first response to the last
 *     diskBytesStart                 what was read from the disk for the runtime's process up to its first response
 *     peakKiBEarly, peakKiB          VmHWM, the most memory that was resident: after EARLY invocations, and at the end
 *     firstResponse                  what the runtime sent for the first invocation, one character for each byte
 *
 * Whatever a runtime of Lambda's would not send ends it with a line on stderr and the status 1: another path, the
 * response to another invocation, what is not HTTP, an exit.
 *
 * In C, with one poll, one read and one write for each request, so that what is measured is the runtime: what it takes
 * itself shows against the C runtime in bare-runtime.c, and in serverCpuMs. It serves several connections: AWS's client
 * has two. With -d its own pages are locked in memory, and the runtime is forked from it, so that what is read from the
 * disk is what the runtime needs. What other running programs have mapped is not dropped, though: of libc, what they
 * use stays.
 */
#define CONNECTIONS 16
#include "connections.h"

#define EARLY 20

static void drop_pages_of(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0 || fsync(file) != 0 || posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) != 0) fail(path);
  close(file);
}

/* Everything that is clean leaves the page cache, and the sync makes it clean. */
static void drop_page_cache(void) {
  if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) fail("mlockall, which -d needs");
  sync();
  int file = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, "3\n", 2) != 2) fail("/proc/sys/vm/drop_caches, which -d writes to as root");
  close(file);
}

/* FILE=TEXT */
static void set_quota(const char *folder, const char *setting) {
  char name[64];
  const char *text = strchr(setting, '=');
  snprintf(name, sizeof name, "%.*s", (int)(text - setting), setting);
  write_to(folder, name, text + 1);
}

static long long disk_bytes(void) { return number_in("io", "read_bytes: %lld"); }

static int compare(const void *a, const void *b) {
  uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
  return left < right ? -1 : left > right;
}

/* Whether it is the response to the invocation that was given last. */
static int is_response(const struct request *request, const char *id) {
  static const char before[] = "POST /2018-06-01/runtime/invocation/";
  const char *line = request->line;
  size_t start = sizeof before - 1, length = strlen(id);
  return strncmp(line, before, start) == 0 && strncmp(line + start, id, length) == 0 &&
         strncmp(line + start + length, "/response ", 10) == 0;
}

int main(int argc, char **argv) {
  const char *event = "{\"text\":\"Hello\"}";
  const char *cpus = NULL, *group = NULL, *quotas[4];
  int is_cold = 0, is_read_anew = 0, quota_count = 0;
  double limit_seconds = 0;
  for (int option; (option = getopt(argc, argv, "+c:de:g:q:rs:")) != -1;) {
    if (option == 'c') cpus = optarg;
    else if (option == 'd') is_cold = 1;
    else if (option == 'e') event = optarg;
    else if (option == 'g') group = optarg;
    else if (option == 'q' && quota_count < 4 && strchr(optarg, '=') != NULL) quotas[quota_count++] = optarg;
    else if (option == 'r') is_read_anew = 1;
    else if (option == 's') limit_seconds = atof(optarg);
    else optind = argc; /* getopt has said what is wrong */
  }
  long count = argc - optind < 3 ? 0 : atol(argv[optind]), checkpoint = count <= 0 ? 0 : atol(argv[optind + 1]);
  if (count <= 0 || strlen(event) > 4096 || (quota_count > 0 && group == NULL)) {
    fprintf(stderr, "usage: runtime-api-server [-c CPU] [-d] [-e EVENT] [-g FOLDER [-q FILE=TEXT]...] [-r] [-s SECONDS] "
                    "COUNT CHECKPOINT COMMAND [ARGUMENT...]\n");
    return 2;
  }
  char **command = argv + optind + 2;
  if (cpus != NULL) pin_to(cpus);
  int listener = listen_for_runtime();

  uint64_t *latencies = calloc((size_t)count, sizeof *latencies);
  if (latencies == NULL) fail("calloc");
  if (is_read_anew) drop_pages_of(command[0]);
  if (is_cold) drop_page_cache();
  uint64_t started = now_ns(), first_next = 0, first_response = 0, last_response = 0, given = 0;
  uint64_t cpu_next = 0, cpu_second = 0, second_latency = 0, cpu_start = 0, cpu_checkpoint = 0, cpu_end = 0, own_start = 0, own_end = 0;
  start_runtime(listener, command, group);
  long given_count = 0, answered = 0;
  long long peak_early = 0, read_start = 0;
  char id[64] = "", *first_body = NULL;
  size_t first_body_length = 0;
  for (int is_over = 0; !is_over;) {
    struct request request;
    int connection = sockets[next_request(&request)].fd;
    if (is_next(&request)) {
      if (given_count > answered) refuse("a response to the invocation before", request.line);
      if (first_next == 0) {
        first_next = now_ns();
        cpu_next = cpu_ns();
        for (int quota = 0; quota < quota_count; quota++) set_quota(group, quotas[quota]);
      }
      struct timespec wall;
      clock_gettime(CLOCK_REALTIME, &wall);
      char reply[8192];
      snprintf(id, sizeof id, "3db41196-f442-11e8-a8b4-%012lx", given_count++);
      int size = snprintf(reply, sizeof reply,
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
          "Lambda-Runtime-Aws-Request-Id: %s\r\n"
          "Lambda-Runtime-Deadline-Ms: %lld\r\n"
          "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:echo\r\n"
          "Lambda-Runtime-Trace-Id: Root=1-5c009745-36997a167a83da36a3c93059;Parent=62cea21b272ebe72;Sampled=0\r\n"
          "Content-Length: %zu\r\n\r\n%s",
          id, (long long)wall.tv_sec * 1000 + 3000, strlen(event), event);
      given = now_ns();
      send_all(connection, reply, (size_t)size);
    } else if (given_count > answered && is_response(&request, id)) {
      last_response = now_ns();
      latencies[answered++] = last_response - given;
      if (answered == 1) {
        first_response = last_response;
        cpu_start = cpu_ns();
        read_start = disk_bytes();
        own_start = own_cpu_ns();
        first_body = memcpy(malloc(request.body_length + 1), request.body, request.body_length);
        first_body_length = request.body_length;
      } else if (answered == 2) {
        second_latency = latencies[1];
        cpu_second = cpu_ns() - cpu_start;
      }
      is_over = answered == count ||
                (limit_seconds > 0 && (double)(last_response - first_response) / 1e9 >= limit_seconds);
      if (answered == EARLY || (is_over && answered < EARLY)) peak_early = peak_kib();
      if (answered == checkpoint) cpu_checkpoint = cpu_ns();
      if (is_over) {
        cpu_end = cpu_ns();
        own_end = own_cpu_ns();
      }
      send_all(connection, ACCEPTED, sizeof ACCEPTED - 1);
    } else {
      refuse(given_count > answered ? "the response to the current invocation" : "GET /2018-06-01/runtime/invocation/next",
          request.line);
    }
  }
  long long peak = peak_kib();
  end_runtime();
  qsort(latencies, (size_t)answered, sizeof *latencies, compare);
  if (cpu_checkpoint == 0) cpu_checkpoint = checkpoint <= 0 ? cpu_start : cpu_end;
  double seconds = (double)(last_response - first_response) / 1e9;
  printf("{\"invocations\":%ld,\"firstNextMs\":%.3f,\"firstResponseMs\":%.3f,\"secondResponseMs\":%.3f,\"p50Us\":%.1f,\"p99Us\":%.1f,"
         "\"perSecond\":%.0f,\"cpuMsNext\":%.2f,\"cpuMsStart\":%.2f,\"cpuMsSecond\":%.2f,\"cpuMsCheckpoint\":%.2f,\"cpuMsAll\":%.2f,\"serverCpuMs\":%.2f,"
         "\"diskBytesStart\":%lld,\"peakKiBEarly\":%lld,\"peakKiB\":%lld,\"firstResponse\":",
      answered, (double)(first_next - started) / 1e6, (double)(first_response - started) / 1e6,
      (double)second_latency / 1e6, (double)latencies[answered / 2] / 1e3, (double)latencies[answered - 1 - answered / 100] / 1e3,
      seconds > 0 ? (double)(answered - 1) / seconds : 0, (double)cpu_next / 1e6,
      (double)cpu_start / 1e6, (double)cpu_second / 1e6,
      (double)(cpu_checkpoint - cpu_start) / 1e6, (double)(cpu_end - cpu_checkpoint) / 1e6,
      (double)(own_end - own_start) / 1e6, read_start, peak_early, peak);
  print_escaped(first_body, first_body_length);
  printf("}\n");
  return 0;
}
