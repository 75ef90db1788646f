#include "dispatcher/discovery/dns_client.hpp"

// For a build without c-ares.
namespace samoyed::dispatcher {

const bool has_dns_client = false;

asio::awaitable<DnsResult> look_up_workers(asio::any_io_executor, DiscoveryName, DnsServers) {
  co_return DnsFailure{"this program was built without c-ares"};
}

}  // namespace samoyed::dispatcher
