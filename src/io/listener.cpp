#include "samoyed/io/listener.hpp"

#include <stdexcept>
#include <system_error>

#include "samoyed/io/endpoint_text.hpp"

namespace samoyed::io {

asio::ip::tcp::acceptor open_acceptor(const asio::any_io_executor& executor,
                                      const std::string& host, std::uint16_t port) {
  try {
    asio::ip::tcp::resolver resolver(executor);
    const auto endpoint = resolver.resolve(host, std::to_string(port)).begin()->endpoint();
    // This constructor sets SO_REUSEADDR, so that a restart doesn't have to wait for the old
    // connections to leave TIME_WAIT.
    return asio::ip::tcp::acceptor(executor, endpoint);
  } catch (const std::system_error& error) {
    throw std::runtime_error("can't listen on " + endpoint_text(host, port) + ": " +
                             error.code().message() +
                             "; choose an address of this machine and a free port (0 picks one)");
  }
}

std::string listening_address(const asio::ip::tcp::acceptor& acceptor) {
  return endpoint_text(acceptor.local_endpoint());
}

}  // namespace samoyed::io
