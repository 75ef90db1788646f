#include "dispatcher/discovery/ares_channel.hpp"

#include <arpa/nameser.h>
#include <cstring>
#include <netdb.h>
#include <stdexcept>
#include <sys/time.h>
#include <utility>

#include <asio/ip/address.hpp>

namespace samoyed::dispatcher {
namespace {

/// The time for a server's answer; the next try has twice as long.
constexpr int try_timeout_ms = 2000;
constexpr int tries_per_server = 2;

/// The size of replies by UDP that pass all usual networks unfragmented: the DNS Flag Day 2020's.
constexpr int udp_reply_bytes_max = 1232;

ares_addr_port_node node_of(const protocol::Address& server) {
  ares_addr_port_node node{};
  node.udp_port = node.tcp_port = server.port;
  const auto address = asio::ip::make_address(server.host);
  if (address.is_v4()) {
    node.family = AF_INET;
    const auto bytes = address.to_v4().to_bytes();
    std::memcpy(&node.addr.addr4, bytes.data(), bytes.size());
  } else {
    node.family = AF_INET6;
    const auto bytes = address.to_v6().to_bytes();
    std::memcpy(&node.addr.addr6, bytes.data(), bytes.size());
  }
  return node;
}

void check(int status, const char* what) {
  if (status == ARES_SUCCESS) return;
  throw std::runtime_error(std::string(what) + ": " + ares_strerror(status));
}

/// c-ares must be initialized once for the program. It is never released, like other libraries.
void initialize_library() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  check(status, "can't start c-ares");
}

}  // namespace

AresChannel::AresChannel(asio::any_io_executor executor, const DnsServers& servers)
    : executor_(executor), timer_(executor), replied_(executor) {
  initialize_library();
  ares_options options{};
  options.flags = ARES_FLAG_EDNS;
  options.ednspsz = udp_reply_bytes_max;
  options.timeout = try_timeout_ms;
  options.tries = tries_per_server;
  options.sock_state_cb = &AresChannel::on_socket_state;
  options.sock_state_cb_data = this;
  check(ares_init_options(&channel_, &options,
                          ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                              ARES_OPT_SOCK_STATE_CB),
        "can't read /etc/resolv.conf");
  if (servers.empty()) return;
  try {
    use(servers);
  } catch (...) {
    ares_destroy(channel_);
    throw;
  }
}

void AresChannel::use(const DnsServers& servers) {
  std::vector<ares_addr_port_node> nodes;
  for (const protocol::Address& server : servers) nodes.push_back(node_of(server));
  for (std::size_t index = 1; index < nodes.size(); ++index) nodes[index - 1].next = &nodes[index];
  check(ares_set_servers_ports(channel_, nodes.data()), "can't use the DNS servers");
}

SearchRules AresChannel::search_rules() const {
  ares_options options{};
  int known = 0;
  check(ares_save_options(channel_, &options, &known), "can't read the search domains");
  const std::unique_ptr<ares_options, void (*)(ares_options*)> owner(&options,
                                                                     &ares_destroy_options);
  SearchRules rules{.domains = {}, .ndots = options.ndots};
  for (int index = 0; index < options.ndomains; ++index) {
    rules.domains.emplace_back(options.domains[index]);
  }
  return rules;
}

AresChannel::~AresChannel() { ares_destroy(channel_); }

asio::awaitable<std::vector<DnsReply>> AresChannel::ask(
    std::vector<DnsQuestion> questions, std::chrono::steady_clock::time_point deadline) {
  const auto self = shared_from_this();
  std::vector<DnsReply> replies(questions.size());
  std::vector<Pending> pending;
  pending.reserve(questions.size());
  // c-ares calls back at once for questions without a reply, also if this coroutine is destroyed.
  const std::unique_ptr<ares_channeldata, void (*)(ares_channel)> cancel(channel_, &ares_cancel);
  pending_ = questions.size();
  for (std::size_t index = 0; index < questions.size(); ++index) {
    pending.push_back({*this, replies[index]});
    ares_query(channel_, questions[index].name.c_str(), ns_c_in, questions[index].type,
               &AresChannel::on_reply, &pending.back());
  }
  set_timer();
  while (pending_ > 0 && std::chrono::steady_clock::now() < deadline) {
    co_await replied_.wait_until(deadline);
  }
  ares_cancel(channel_);
  timer_.cancel();
  co_return replies;
}

void AresChannel::on_reply(void* pending, int status, int, unsigned char* reply,
                           int bytes) noexcept {
  const auto& [channel, result] = *static_cast<Pending*>(pending);
  result.status = status;
  if (status == ARES_SUCCESS) result.bytes.assign(reply, reply + bytes);
  if (--channel.pending_ == 0) channel.replied_.notify();
}

void AresChannel::on_socket_state(void* channel, ares_socket_t socket, int reads,
                                  int writes) noexcept {
  auto& self = *static_cast<AresChannel*>(channel);
  auto& entry = self.sockets_[socket];
  if (!reads && !writes) {
    // c-ares closes the socket right after this call.
    if (entry) entry->descriptor.release();
    self.sockets_.erase(socket);
    return;
  }
  if (!entry) {
    entry =
        std::make_shared<Socket>(Socket{asio::posix::stream_descriptor(self.executor_, socket)});
  }
  entry->reads = reads;
  entry->writes = writes;
  self.watch(entry);
}

void AresChannel::watch(const std::shared_ptr<Socket>& socket) {
  using Descriptor = asio::posix::stream_descriptor;
  const auto wait = [&](Descriptor::wait_type kind, bool Socket::*waits) {
    (*socket).*waits = true;
    socket->descriptor.async_wait(
        kind, [self = weak_from_this(), socket, kind, waits](std::error_code error) {
          (*socket).*waits = false;
          const auto channel = self.lock();
          if (error || !channel || !socket->descriptor.is_open()) return;
          const ares_socket_t ready = socket->descriptor.native_handle();
          const bool to_read = kind == Descriptor::wait_read;
          channel->process(to_read ? ready : ARES_SOCKET_BAD, to_read ? ARES_SOCKET_BAD : ready);
          if (socket->descriptor.is_open()) channel->watch(socket);
        });
  };
  if (socket->reads && !socket->waits_to_read) wait(Descriptor::wait_read, &Socket::waits_to_read);
  if (socket->writes && !socket->waits_to_write) {
    wait(Descriptor::wait_write, &Socket::waits_to_write);
  }
}

void AresChannel::process(ares_socket_t to_read, ares_socket_t to_write) {
  ares_process_fd(channel_, to_read, to_write);
  set_timer();
}

void AresChannel::set_timer() {
  timeval storage{};
  const timeval* const left = ares_timeout(channel_, nullptr, &storage);
  if (!left) return;
  timer_.expires_after(std::chrono::seconds(left->tv_sec) +
                       std::chrono::microseconds(left->tv_usec));
  timer_.async_wait([self = weak_from_this()](std::error_code error) {
    const auto channel = self.lock();
    if (channel && !error) channel->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

}  // namespace samoyed::dispatcher
