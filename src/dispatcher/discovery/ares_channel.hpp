#pragma once

#include <ares.h>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include "dispatcher/discovery/discovery_name.hpp"
#include "dispatcher/discovery/dns_client.hpp"
#include "samoyed/io/event.hpp"

namespace samoyed::dispatcher {

/// A question to DNS.
struct DnsQuestion {
  std::string name;  ///< Complete: no search domain is added.
  int type = 0;      ///< `ns_t_a` and so on, from <arpa/nameser.h>.
};

/// What c-ares says about a question.
struct DnsReply {
  int status = ARES_ECANCELLED;  ///< ARES_SUCCESS or an error of c-ares.
  std::vector<unsigned char> bytes;
};

/// A channel of c-ares whose sockets and timeouts are waited for by Asio.
///
/// Create it with std::make_shared, because pending waits keep it alive. Thread rule: the thread of
/// the executor.
class AresChannel : public std::enable_shared_from_this<AresChannel> {
 public:
  /// Reads /etc/resolv.conf. Throws std::runtime_error if c-ares can't be set up.
  AresChannel(asio::any_io_executor executor, const DnsServers& servers);
  ~AresChannel();
  AresChannel(const AresChannel&) = delete;
  AresChannel& operator=(const AresChannel&) = delete;

  SearchRules search_rules() const;

  /// Asks all questions at once and returns their replies in the same order. Questions that have no
  /// reply at the deadline end with ARES_ECANCELLED. Only one call may be in progress.
  asio::awaitable<std::vector<DnsReply>> ask(std::vector<DnsQuestion> questions,
                                             std::chrono::steady_clock::time_point deadline);

 private:
  void use(const DnsServers& servers);
  /// A question in progress. c-ares holds a pointer to it until its reply.
  struct Pending {
    AresChannel& channel;
    DnsReply& reply;
  };
  /// A socket of c-ares, which c-ares opens and closes.
  struct Socket {
    asio::posix::stream_descriptor descriptor;
    bool reads = false;
    bool writes = false;
    bool waits_to_read = false;
    bool waits_to_write = false;
  };

  // noexcept, because c-ares can't pass exceptions on:
  static void on_reply(void* pending, int status, int timeouts, unsigned char* reply,
                       int bytes) noexcept;
  static void on_socket_state(void* channel, ares_socket_t socket, int reads, int writes) noexcept;
  void watch(const std::shared_ptr<Socket>& socket);
  void process(ares_socket_t to_read, ares_socket_t to_write);
  void set_timer();

  asio::any_io_executor executor_;
  asio::steady_timer timer_;
  io::Event replied_;
  std::map<ares_socket_t, std::shared_ptr<Socket>> sockets_;
  std::size_t pending_ = 0;
  ares_channel channel_ = nullptr;
};

}  // namespace samoyed::dispatcher
