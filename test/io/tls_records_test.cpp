#include <array>
#include <openssl/ssl.h>
#include <string>
#include <string_view>
#include <thread>

#include <asio/post.hpp>
#include <asio/ssl/context.hpp>
#include <asio/write.hpp>
#include <catch2/catch.hpp>

#include "io/tls_fixture.hpp"
#include "samoyed/io/errc.hpp"

namespace samoyed::io {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using test::CertificateAuthority;

/// A server that shows every byte that it would send.
class SlowServer {
 public:
  explicit SlowServer(const TlsFiles& files) : context_(asio::ssl::context::tlsv13_server) {
    context_.use_certificate_chain_file(files.certificate.string());
    context_.use_private_key_file(files.key.string(), asio::ssl::context::pem);
    SSL_CTX_set_num_tickets(context_.native_handle(), 0);
    ssl_ = SSL_new(context_.native_handle());
    SSL_set_accept_state(ssl_);
    SSL_set_bio(ssl_, in_, out_);
  }
  ~SlowServer() { SSL_free(ssl_); }
  SlowServer(const SlowServer&) = delete;
  SlowServer& operator=(const SlowServer&) = delete;

  void shake(tcp::socket& socket) {
    socket.non_blocking(false);
    while (SSL_do_handshake(ssl_) != 1) {
      asio::write(socket, asio::buffer(sent()));
      std::array<char, 4096> bytes;
      const std::size_t size = socket.read_some(asio::buffer(bytes));
      BIO_write(in_, bytes.data(), static_cast<int>(size));
    }
    asio::write(socket, asio::buffer(sent()));
  }
  std::string record_of(std::string_view text) {
    SSL_write(ssl_, text.data(), static_cast<int>(text.size()));
    return sent();
  }

 private:
  std::string sent() {
    std::string bytes(BIO_ctrl_pending(out_), '\0');
    if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }

  asio::ssl::context context_;
  BIO* in_ = BIO_new(BIO_s_mem());
  BIO* out_ = BIO_new(BIO_s_mem());
  SSL* ssl_;
};

/// A client and a server that sends a record in pieces.
struct PieceByPiece {
  PieceByPiece() : server(authority.issue("server")) {
    const auto context = make_context(authority.issue("client"), TlsRole::client);
    ends.start(shake(ends.client, context, local_names, error));
    std::jthread outsider([&] { server.shake(ends.server.socket()); });
    CHECK(ends.run());
    outsider.join();
    CHECK_FALSE(error);
    record = server.record_of("hello");
  }
  void send(std::string_view part) { asio::write(ends.server.socket(), asio::buffer(part)); }
  /// Lets the event loop see that there is something to read.
  void notice() {
    ends.io.restart();
    ends.io.poll();
  }
  asio::awaitable<void> read(Clock::duration within) {
    size = co_await ends.client.read_some(asio::buffer(buffer), Clock::now() + within, error);
  }

  CertificateAuthority authority;
  SlowServer server;
  Ends ends;
  std::error_code error;
  std::string record;
  std::array<char, 16> buffer{};
  std::size_t size = 0;
};

TEST_CASE("a read of half a record ends when it is canceled, and loses nothing") {
  PieceByPiece pieces;
  pieces.send(std::string_view(pieces.record).substr(0, 9));
  pieces.notice();
  // The half record is read at once, and the cancel comes before what follows from that.
  const auto canceled = [&]() -> asio::awaitable<void> {
    asio::post(pieces.ends.io, [&] { pieces.ends.client.cancel(); });
    co_await pieces.read(tls_patience);
  };
  pieces.ends.start(canceled());
  CHECK(pieces.ends.run());
  CHECK(pieces.error == asio::error::operation_aborted);

  pieces.send(std::string_view(pieces.record).substr(9));
  pieces.ends.start(pieces.read(tls_patience));
  CHECK(pieces.ends.run());
  CHECK_FALSE(pieces.error);
  CHECK(std::string(pieces.buffer.data(), pieces.size) == "hello");
}

TEST_CASE("a read of half a record times out, and loses nothing") {
  PieceByPiece pieces;
  pieces.send(std::string_view(pieces.record).substr(0, 9));
  pieces.ends.start(pieces.read(30ms));
  CHECK(pieces.ends.run());
  CHECK(pieces.error == Errc::timed_out);
  pieces.send(std::string_view(pieces.record).substr(9));
  pieces.ends.start(pieces.read(tls_patience));
  CHECK(pieces.ends.run());
  CHECK(std::string(pieces.buffer.data(), pieces.size) == "hello");
}

}  // namespace
}  // namespace samoyed::io
