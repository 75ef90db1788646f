#include <array>
#include <string>
#include <thread>

#include <asio/read.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/write.hpp>
#include <catch2/catch.hpp>

#include "io/tls_fixture.hpp"
#include "samoyed/io/errc.hpp"

namespace samoyed::io {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using test::CertificateAuthority;

asio::awaitable<void> send(TimedSocket& socket, const std::string& head, const std::string& body) {
  std::error_code error;
  co_await socket.write(asio::buffer(head), asio::buffer(body), Clock::now() + tls_patience, error);
  CHECK_FALSE(error);
}

asio::awaitable<void> receive(TimedSocket& socket, std::size_t size, std::string& bytes) {
  std::array<char, 5000> part;
  while (bytes.size() < size) {
    std::error_code error;
    const std::size_t read =
        co_await socket.read_some(asio::buffer(part), Clock::now() + tls_patience, error);
    if (error) break;
    bytes.append(part.data(), read);
  }
}

TEST_CASE("over TLS, what one side writes arrives at the other") {
  const CertificateAuthority authority;
  const auto client = make_context(authority.issue("client"), TlsRole::client);
  const auto server = make_context(authority.issue("server"), TlsRole::server);
  Ends ends;
  Errors errors;
  ends.start(shake(ends.client, client, local_names, errors.client));
  ends.start(shake(ends.server, server, {}, errors.server));
  REQUIRE(ends.run());
  REQUIRE_FALSE(errors.client);
  REQUIRE_FALSE(errors.server);
  std::string body(3U << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * i >> 7);
  for (const bool up : {true, false}) {
    TimedSocket& from = up ? ends.client : ends.server;
    TimedSocket& to = up ? ends.server : ends.client;
    const std::string head = "head";
    std::string got;
    ends.start(send(from, head, body));
    ends.start(receive(to, head.size() + body.size(), got));
    REQUIRE(ends.run());
    CHECK((got == head + body));
  }
  CHECK(client->status().handshakes == 1);
  CHECK(server->status().handshakes == 1);
  CHECK(all_failures(client) + all_failures(server) == 0);
}

TEST_CASE("the end of an encrypted connection is an end of file") {
  const CertificateAuthority authority;
  Ends ends;
  Errors errors;
  ends.start(shake(ends.client, make_context(authority.issue("client"), TlsRole::client),
                   local_names, errors.client));
  ends.start(shake(ends.server, make_context(authority.issue("server"), TlsRole::server), {},
                   errors.server));
  REQUIRE(ends.run());
  ends.server.close();
  std::error_code error;
  const auto read = [&]() -> asio::awaitable<void> {
    char byte = 0;
    co_await ends.client.read_some(asio::buffer(&byte, 1), Clock::now() + tls_patience, error);
  };
  ends.start(read());
  REQUIRE(ends.run());
  CHECK(error == asio::error::eof);
}

TEST_CASE("each side says what is wrong with the other's certificate") {
  const CertificateAuthority ours;
  const CertificateAuthority strange;
  struct Row {
    const char* name;
    TlsFiles client;
    TlsFiles server;
    std::vector<std::string> names;
    std::error_code client_error;
    std::error_code server_error;
  };
  const TlsFiles client = ours.issue("client");
  const TlsFiles server = ours.issue("server");
  TlsFiles stranger = strange.issue("stranger");
  stranger.ca = ours.ca_file();
  const Row rows[] = {
      {"good", client, server, {"127.0.0.1"}, {}, {}},
      {"good, by name", client, server, {"localhost"}, {}, {}},
      {"good, by one of several names", client, server, {"10.0.0.1", "localhost"}, {}, {}},
      {"a strange server",
       client,
       stranger,
       {"127.0.0.1"},
       TlsErrc::untrusted,
       TlsErrc::refused_untrusted},
      {"a strange client",
       stranger,
       server,
       {"127.0.0.1"},
       TlsErrc::refused_untrusted,
       TlsErrc::untrusted},
      {"another name", client, server, {"example.org"}, TlsErrc::wrong_name, TlsErrc::refused},
      {"another address", client, server, {"127.0.0.2"}, TlsErrc::wrong_name, TlsErrc::refused},
      {"a name only in the subject",
       client,
       ours.issue("named", {.names = ""}),
       {"named"},
       TlsErrc::wrong_name,
       TlsErrc::refused},
      {"a client's certificate as a server's",
       client,
       ours.issue("wrong", {.purpose = "clientAuth"}),
       {"127.0.0.1"},
       TlsErrc::wrong_purpose,
       TlsErrc::refused},
      {"a server's certificate as a client's",
       ours.issue("wrong2", {.purpose = "serverAuth"}),
       server,
       {"127.0.0.1"},
       TlsErrc::refused,
       TlsErrc::wrong_purpose},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const auto client_context = make_context(row.client, TlsRole::client);
    const auto server_context = make_context(row.server, TlsRole::server);
    const Errors errors = exchange(client_context, server_context, row.names);
    CHECK(errors.client.message() == row.client_error.message());
    CHECK(errors.server.message() == row.server_error.message());
    const std::uint64_t failed = row.client_error ? 1 : 0;
    CHECK(all_failures(client_context) == failed);
    CHECK(all_failures(server_context) == failed);
    CHECK(client_context->status().handshakes == 1 - failed);
    CHECK(server_context->status().handshakes == 1 - failed);
  }
}

/// The error of a server of ours at a client with `method` and without a certificate.
std::error_code error_of_server_with(asio::ssl::context::method method) {
  const CertificateAuthority authority;
  const auto server = make_context(authority.issue("server"), TlsRole::server);
  Ends ends;
  std::error_code error;
  ends.start(answer(ends.server, server, error));
  std::jthread outsider([&] {
    asio::ssl::context context(method);
    std::error_code ignored;
    ends.client.socket().non_blocking(false);
    asio::ssl::stream<tcp::socket&> stream(ends.client.socket(), context);
    stream.handshake(asio::ssl::stream_base::client, ignored);
    char byte = 0;
    if (!ignored) stream.read_some(asio::buffer(&byte, 1), ignored);
    ends.client.socket().shutdown(tcp::socket::shutdown_both, ignored);
  });
  CHECK(ends.run());
  return error;
}

TEST_CASE("a client without a certificate, or with an old version of TLS, gets no connection") {
  using asio::ssl::context;
  CHECK(error_of_server_with(context::tlsv13_client) == TlsErrc::no_certificate);
  CHECK(error_of_server_with(context::tlsv12_client) == TlsErrc::old_version);
}

/// Runs a client of ours against a server with these files and without our checks.
std::error_code error_of_client_at(const CertificateAuthority& authority, const TlsFiles& files) {
  const auto client = make_context(authority.issue("client"), TlsRole::client);
  Ends ends;
  std::error_code error;
  ends.start(ask(ends.client, client, local_names, error));
  std::jthread outsider([&] {
    asio::ssl::context context(asio::ssl::context::tlsv13_server);
    context.use_certificate_chain_file(files.certificate.string());
    context.use_private_key_file(files.key.string(), asio::ssl::context::pem);
    std::error_code ignored;
    ends.server.socket().non_blocking(false);
    asio::ssl::stream<tcp::socket&> stream(ends.server.socket(), context);
    stream.handshake(asio::ssl::stream_base::server, ignored);
  });
  CHECK(ends.run());
  return error;
}

TEST_CASE("a certificate is refused outside its time") {
  const CertificateAuthority authority;
  const TlsFiles expired = authority.issue("expired", {.until_s = -1});
  CHECK(error_of_client_at(authority, expired) == TlsErrc::expired);
  const TlsFiles early = authority.issue("early", {.from_s = 3600});
  CHECK(error_of_client_at(authority, early) == TlsErrc::not_yet_valid);
}

TEST_CASE("a peer without TLS is recognized") {
  const CertificateAuthority authority;
  const std::string hello = "D hello -0533";
  SECTION("a client that talks") {
    const auto server = make_context(authority.issue("server"), TlsRole::server);
    Ends ends;
    std::error_code error;
    ends.start(answer(ends.server, server, error));
    asio::write(ends.client.socket(), asio::buffer(hello));
    ends.client.socket().shutdown(tcp::socket::shutdown_send);
    CHECK(ends.run());
    CHECK(error == TlsErrc::not_tls);
    CHECK(failures(server, TlsErrc::not_tls) == 1);
    std::string reply(7, '\0');
    asio::read(ends.client.socket(), asio::buffer(reply), error);
    CHECK(reply == std::string("\x15\x03\x03\x00\x02\x02\x46", 7));
  }
  const auto client = make_context(authority.issue("client"), TlsRole::client);
  Ends ends;
  std::error_code error;
  ends.start(ask(ends.client, client, local_names, error));
  SECTION("a server that talks") {
    asio::write(ends.server.socket(), asio::buffer(hello));
    CHECK(ends.run());
    CHECK(error == TlsErrc::not_tls);
  }
  SECTION("a server that closes") {
    ends.server.socket().shutdown(tcp::socket::shutdown_send);
    CHECK(ends.run());
    CHECK(error == TlsErrc::closed);
  }
}

TEST_CASE("a peer that stays silent in the handshake is timed out and counted") {
  const CertificateAuthority authority;
  for (const TlsRole role : {TlsRole::client, TlsRole::server}) {
    const auto context = make_context(authority.issue("ours"), role);
    Ends ends;
    std::error_code error;
    const auto handshake = [&]() -> asio::awaitable<void> {
      std::vector<std::string> names = local_names;
      co_await ends.client.handshake(context, std::move(names), Clock::now() + 30ms, error);
    };
    ends.start(handshake());
    CHECK(ends.run());
    CHECK(error == Errc::timed_out);
    CHECK(failures(context, TlsErrc::timed_out) == 1);
  }
}

}  // namespace
}  // namespace samoyed::io
