/*
 * UDP for many sockets with few calls from JavaScript: one call reads all packets that have arrived, one call sends all of a tick.
 *
 * `create()` makes an io: an epoll and a table of sockets. There is no other state, so any number of threads may use their own. The
 * garbage collector, or the end of the thread, closes what an io has open. Nothing blocks. Arguments of the wrong kind throw a
 * TypeError, faults of the system are negative error numbers, as libuv has them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <net/if.h>
#include <netinet/in.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Space for one packet; a longer one is told with this length, cut: larger than any audio packet (a full Ethernet frame). */
#define SLOT 1504
/* Packets in one call of `receive`. */
#define MAX_RECEIVED 256
/* Columns of the tables: socket, offset, length; a received packet has also source port and whether the source is another than before. */
#define SEND_COLUMNS 3
#define RECEIVE_COLUMNS 5
#define MAX_SOCKETS (1 << 20)
/* Room for 300 small packets: a stalled thread loses none, a flood has no more than this. The kernel doubles it. */
#define RECEIVE_BYTES (128 * 1024)
/* Space for an address with its zone in text, and the final zero. */
#define ADDRESS_TEXT (INET6_ADDRSTRLEN + 1 + IF_NAMESIZE)
/* A packet that is older has seen the clock being set. */
#define MAX_AGE_MS 1000.0

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} address_t;

typedef struct {
  int fd; /* -1: a free place */
  socklen_t target_length; /* 0: nowhere */
  bool is_connected; /* to the target: the kernel drops what others send */
  address_t target;
  address_t source; /* of the last packet */
} udp_socket_t;

typedef struct {
  int epoll;
  uint32_t capacity;
  udp_socket_t *sockets;
  /* Where the packets of the last `receive` came from. */
  address_t sources[MAX_RECEIVED];
} packet_io_t;

static const napi_type_tag io_tag = {0x5b0e6d1f7a3c4e21, 0x9c4f2d8e61b7a053};

static napi_value fail(napi_env env, const char *message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return NULL;
}

static napi_value number(napi_env env, int32_t value) {
  napi_value result = NULL;
  napi_create_int32(env, value, &result);
  return result;
}

/* ---- arguments ---- */

#define MAX_ARGUMENTS 5

/* Reads exactly `count` arguments, the first of which is an io. NULL, and an exception is pending, when they are not that. */
static packet_io_t *arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t given = MAX_ARGUMENTS;
  bool is_io = false;
  void *io = NULL;
  if (napi_get_cb_info(env, info, &given, values, NULL, NULL) == napi_ok && given == count &&
      napi_check_object_type_tag(env, values[0], &io_tag, &is_io) == napi_ok && is_io && napi_get_value_external(env, values[0], &io) == napi_ok) return io;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) fail(env, "an io and the arguments of the function expected");
  return NULL;
}

static bool as_int(napi_env env, napi_value value, int32_t *out) { return napi_get_value_int32(env, value, out) == napi_ok; }

static bool as_array(napi_env env, napi_value value, napi_typedarray_type type, void **data, size_t *length) {
  napi_typedarray_type found;
  bool is_array = false;
  if (napi_is_typedarray(env, value, &is_array) != napi_ok || !is_array) return false;
  return napi_get_typedarray_info(env, value, &found, length, data, NULL, NULL) == napi_ok && found == type;
}

static udp_socket_t *as_socket(packet_io_t *io, int32_t id) {
  if (id < 0 || (uint32_t)id >= io->capacity || io->sockets[id].fd < 0) return NULL;
  return &io->sockets[id];
}

/* An IP address in text; that of a link may end with the name of an interface, `fe80::1%eth0` (RFC 4007 §11). The length of `out`, or 0. */
static socklen_t as_address(napi_env env, napi_value host, napi_value port, address_t *out) {
  char text[ADDRESS_TEXT];
  size_t length;
  double number;
  memset(out, 0, sizeof *out);
  if (napi_get_value_string_utf8(env, host, text, sizeof text, &length) != napi_ok || strlen(text) != length) return 0;
  if (napi_get_value_double(env, port, &number) != napi_ok || !(number >= 0 && number <= 65535) || number != (uint16_t)number) return 0;
  if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons((uint16_t)number);
    return sizeof out->v4;
  }
  char *zone = strchr(text, '%');
  if (zone != NULL) {
    *zone = '\0';
    out->v6.sin6_scope_id = if_nametoindex(zone + 1);
    if (out->v6.sin6_scope_id == 0) return 0;
  }
  if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) != 1) return 0;
  out->v6.sin6_family = AF_INET6;
  out->v6.sin6_port = htons((uint16_t)number);
  return sizeof out->v6;
}

static bool is_same(const address_t *a, const address_t *b) {
  if (a->any.sa_family != b->any.sa_family) return false;
  if (a->any.sa_family == AF_INET) return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
  return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id && memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
}

/* ---- life ---- */

static void close_socket(udp_socket_t *socket) {
  /* The last descriptor gone, epoll forgets it. */
  close(socket->fd);
  socket->fd = -1;
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  packet_io_t *io = data;
  for (uint32_t id = 0; id < io->capacity; id++)
    if (io->sockets[id].fd >= 0) close_socket(&io->sockets[id]);
  close(io->epoll);
  free(io->sockets);
  free(io);
}

/* create(): an io, or a negative error number. */
static napi_value create(napi_env env, napi_callback_info info) {
  (void)info;
  packet_io_t *io = calloc(1, sizeof *io);
  if (io == NULL) return number(env, -ENOMEM);
  io->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (io->epoll < 0) {
    int error = errno;
    free(io);
    return number(env, -error);
  }
  napi_value external;
  if (napi_create_external(env, io, finalize, NULL, &external) != napi_ok) {
    finalize(env, io, NULL);
    return NULL;
  }
  /* From here on the io is the external's. */
  return napi_type_tag_object(env, external, &io_tag) == napi_ok ? external : NULL;
}

/* A free place in the table, or a negative error number. */
static int32_t free_place(packet_io_t *io) {
  for (uint32_t id = 0; id < io->capacity; id++)
    if (io->sockets[id].fd < 0) return (int32_t)id;
  uint32_t capacity = io->capacity == 0 ? 64 : io->capacity * 2;
  if (capacity > MAX_SOCKETS) return -EMFILE;
  udp_socket_t *sockets = realloc(io->sockets, capacity * sizeof *sockets);
  if (sockets == NULL) return -ENOMEM;
  for (uint32_t id = io->capacity; id < capacity; id++) sockets[id].fd = -1;
  int32_t id = (int32_t)io->capacity;
  io->sockets = sockets;
  io->capacity = capacity;
  return id;
}

/* open(io, host, port): binds a socket; its number, or a negative error number. */
static napi_value open_socket(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS];
  address_t local;
  packet_io_t *io = arguments(env, info, 3, values);
  if (io == NULL) return NULL;
  socklen_t length = as_address(env, values[1], values[2], &local);
  if (length == 0) return number(env, -EINVAL);
  int32_t id = free_place(io);
  if (id < 0) return number(env, id);
  int fd = socket(local.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return number(env, -errno);
  int on = 1, bytes = RECEIVE_BYTES;
  struct epoll_event event = {.events = EPOLLIN, .data = {.u32 = (uint32_t)id}};
  /* Without these two it works worse, but works. */
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  if (bind(fd, &local.any, length) != 0 || epoll_ctl(io->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    int error = errno;
    close(fd);
    return number(env, -error);
  }
  memset(&io->sockets[id], 0, sizeof io->sockets[id]);
  io->sockets[id].fd = fd;
  /* The family tells what can be aimed at. */
  io->sockets[id].target.any.sa_family = local.any.sa_family;
  return number(env, id);
}

/* close(io, socket): a closed one is let be. */
static napi_value close_one(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS];
  int32_t id;
  packet_io_t *io = arguments(env, info, 2, values);
  if (io == NULL) return NULL;
  if (!as_int(env, values[1], &id)) return fail(env, "a socket expected");
  udp_socket_t *socket = as_socket(io, id);
  if (socket != NULL) close_socket(socket);
  return NULL;
}

/*
 * aim(io, socket, host, port, only): where its packets go to from here on; 0, or a negative error number, and they go nowhere.
 * `only`: nothing is received from elsewhere.
 */
static napi_value aim(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS];
  int32_t id;
  bool is_only;
  address_t target;
  packet_io_t *io = arguments(env, info, 5, values);
  if (io == NULL) return NULL;
  if (napi_get_value_bool(env, values[4], &is_only) != napi_ok) return fail(env, "a boolean expected");
  udp_socket_t *socket = as_int(env, values[1], &id) ? as_socket(io, id) : NULL;
  if (socket == NULL) return number(env, -EBADF);
  const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
  if (socket->is_connected) connect(socket->fd, &nobody, sizeof nobody);
  socket->is_connected = false;
  socket->target_length = 0;
  socklen_t length = as_address(env, values[2], values[3], &target);
  if (length == 0 || target.any.sa_family != socket->target.any.sa_family || target.v4.sin_port == 0) return number(env, -EINVAL);
  socket->target = target;
  socket->target_length = length;
  /* Where it cannot be connected it works, too: others are told by their address. */
  socket->is_connected = is_only && connect(socket->fd, &target.any, length) == 0;
  return number(env, 0);
}

/* ---- receiving ---- */

typedef struct {
  uint8_t *bytes;
  int32_t *table;
  double *times;
  int32_t capacity, count;
  /* The monotonic clock, and how far the clock of the kernel's time stamps is ahead of it. */
  double now_ms, ahead_ms;
} batch_t;

static double milliseconds(const struct timespec *time) { return (double)time->tv_sec * 1e3 + (double)time->tv_nsec / 1e6; }

static double clock_ms(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return milliseconds(&time);
}

/* Both clocks at the same moment: once more when the thread lost its core in between. */
static void read_clocks(batch_t *batch) {
  double shortest = INFINITY;
  for (int i = 0; i < 3 && shortest > 0.01; i++) {
    double before = clock_ms(CLOCK_MONOTONIC), real = clock_ms(CLOCK_REALTIME), after = clock_ms(CLOCK_MONOTONIC);
    if (after - before >= shortest) continue;
    shortest = after - before;
    batch->ahead_ms = real - (before + after) / 2;
    batch->now_ms = after;
  }
}

static double arrival(const batch_t *batch, struct msghdr *header) {
  for (struct cmsghdr *message = CMSG_FIRSTHDR(header); message != NULL; message = CMSG_NXTHDR(header, message)) {
    if (message->cmsg_level != SOL_SOCKET || message->cmsg_type != SCM_TIMESTAMPNS) continue;
    struct timespec at;
    memcpy(&at, CMSG_DATA(message), sizeof at);
    double arrived = milliseconds(&at) - batch->ahead_ms;
    return fabs(batch->now_ms - arrived) < MAX_AGE_MS ? arrived : batch->now_ms;
  }
  return batch->now_ms;
}

/* Reads one packet of a socket that has some, into the next row. */
static void receive_from(packet_io_t *io, int32_t id, batch_t *batch) {
  union {
    char bytes[CMSG_SPACE(sizeof(struct timespec))];
    struct cmsghdr aligned;
  } control;
  udp_socket_t *socket = &io->sockets[id];
  int32_t row = batch->count;
  address_t *source = &io->sources[row];
  struct iovec part = {batch->bytes + (size_t)row * SLOT, SLOT};
  struct msghdr header = {.msg_name = source, .msg_namelen = sizeof *source, .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t received = recvmsg(socket->fd, &header, MSG_DONTWAIT);
  if (received < 0) return;
  bool is_new = !is_same(source, &socket->source);
  if (is_new) socket->source = *source;
  int32_t *columns = batch->table + row * RECEIVE_COLUMNS;
  columns[0] = id;
  columns[1] = row * SLOT;
  columns[2] = (header.msg_flags & MSG_TRUNC) != 0 ? SLOT : (int32_t)received;
  /* The port lies at the same place in both kinds. */
  columns[3] = ntohs(source->v4.sin_port);
  columns[4] = is_new;
  batch->times[row] = arrival(batch, &header);
  batch->count++;
}

/* receive(io, bytes: Uint8Array, table: Int32Array, times: Float64Array): how many packets were read; `times` are of CLOCK_MONOTONIC, ms. When all rows are used there may be more. */
static napi_value receive(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS];
  batch_t batch = {.count = 0};
  size_t bytes, cells, times;
  packet_io_t *io = arguments(env, info, 4, values);
  if (io == NULL) return NULL;
  if (!as_array(env, values[1], napi_uint8_array, (void **)&batch.bytes, &bytes) || !as_array(env, values[2], napi_int32_array, (void **)&batch.table, &cells) ||
      !as_array(env, values[3], napi_float64_array, (void **)&batch.times, &times))
    return fail(env, "Uint8Array, Int32Array and Float64Array expected");
  size_t capacity = bytes / SLOT;
  if (cells / RECEIVE_COLUMNS < capacity) capacity = cells / RECEIVE_COLUMNS;
  if (times < capacity) capacity = times;
  batch.capacity = capacity < MAX_RECEIVED ? (int32_t)capacity : MAX_RECEIVED;
  read_clocks(&batch);
  struct epoll_event events[MAX_RECEIVED];
  /* One packet of each in turn, so that none holds up the others; those not told of yet come first the next time. */
  for (int32_t before = -1; before < batch.count && batch.count < batch.capacity;) {
    before = batch.count;
    int ready = epoll_wait(io->epoll, events, batch.capacity - before, 0);
    for (int i = 0; i < ready; i++) receive_from(io, (int32_t)events[i].data.u32, &batch);
  }
  return number(env, batch.count);
}

/* The IP address in text, with the name of the interface where it is that of a link. */
static void as_text(const address_t *from, char *text) {
  text[0] = '\0';
  if (from->any.sa_family == AF_INET) inet_ntop(AF_INET, &from->v4.sin_addr, text, INET_ADDRSTRLEN);
  if (from->any.sa_family != AF_INET6) return;
  inet_ntop(AF_INET6, &from->v6.sin6_addr, text, INET6_ADDRSTRLEN);
  char *end = text + strlen(text);
  /* An interface that is gone has no name any more: the address alone is nowhere to send to. */
  if (from->v6.sin6_scope_id == 0 || if_indextoname(from->v6.sin6_scope_id, end + 1) == NULL) return;
  *end = '%';
}

/* source(io, row): the IP address the packet in this row of the last `receive` came from, in text. */
static napi_value source(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS];
  char text[ADDRESS_TEXT];
  int32_t row;
  packet_io_t *io = arguments(env, info, 2, values);
  if (io == NULL) return NULL;
  if (!as_int(env, values[1], &row) || row < 0 || row >= MAX_RECEIVED) return fail(env, "a row expected");
  as_text(&io->sources[row], text);
  napi_value result = NULL;
  napi_create_string_latin1(env, text, NAPI_AUTO_LENGTH, &result);
  return result;
}

/* ---- sending ---- */

static bool send_one(const udp_socket_t *socket, const uint8_t *bytes, size_t size) {
  const struct sockaddr *to = socket->is_connected ? NULL : &socket->target.any;
  socklen_t length = socket->is_connected ? 0 : socket->target_length;
  if (sendto(socket->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL, to, length) >= 0) return true;
  /* Connected, it is told what became of an earlier packet (an ICMP error): this one has not been sent. */
  return socket->is_connected && errno != EAGAIN && sendto(socket->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL, to, length) >= 0;
}

/* send(io, bytes: Uint8Array, table: Int32Array, count): sends `count` rows; how many could not be sent, which are lost. */
static napi_value send_all(napi_env env, napi_callback_info info) {
  napi_value values[MAX_ARGUMENTS];
  uint8_t *bytes;
  int32_t *table, count, unsent = 0;
  size_t length, cells;
  packet_io_t *io = arguments(env, info, 4, values);
  if (io == NULL) return NULL;
  if (!as_array(env, values[1], napi_uint8_array, (void **)&bytes, &length) || !as_array(env, values[2], napi_int32_array, (void **)&table, &cells) ||
      !as_int(env, values[3], &count) || count < 0 || (size_t)count > cells / SEND_COLUMNS)
    return fail(env, "Uint8Array, Int32Array and a count of its rows expected");
  for (int32_t row = 0; row < count; row++) {
    int32_t *columns = table + row * SEND_COLUMNS;
    int32_t offset = columns[1], size = columns[2];
    udp_socket_t *socket = as_socket(io, columns[0]);
    bool is_possible = socket != NULL && socket->target_length != 0 && offset >= 0 && size >= 0 && (size_t)offset + (size_t)size <= length;
    if (!is_possible || !send_one(socket, bytes + offset, (size_t)size)) unsent++;
  }
  return number(env, unsent);
}

static napi_value init(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"create", NULL, create, NULL, NULL, NULL, napi_enumerable, NULL},   {"open", NULL, open_socket, NULL, NULL, NULL, napi_enumerable, NULL},
      {"close", NULL, close_one, NULL, NULL, NULL, napi_enumerable, NULL}, {"aim", NULL, aim, NULL, NULL, NULL, napi_enumerable, NULL},
      {"receive", NULL, receive, NULL, NULL, NULL, napi_enumerable, NULL}, {"source", NULL, source, NULL, NULL, NULL, napi_enumerable, NULL},
      {"send", NULL, send_all, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}

NAPI_MODULE(NODE_GYP_MODULE_NAME, init)
