#include "samoyed/io/tls_context.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

#include "io/tls_fixture.hpp"
#include "samoyed/io/errc.hpp"

namespace samoyed::io {
namespace {

using test::CertificateAuthority;

TEST_CASE("after a reload, new connections use the new certificates") {
  const CertificateAuthority ours;
  const CertificateAuthority next;
  const TlsFiles client_files = ours.issue("client");
  const auto client = make_context(client_files, TlsRole::client);
  const auto server = make_context(ours.issue("server"), TlsRole::server);
  CHECK_FALSE(exchange(client, server).client);

  // From now on, the client only trusts the next authority.
  std::filesystem::copy_file(next.ca_file(), client_files.ca,
                             std::filesystem::copy_options::overwrite_existing);
  CHECK_FALSE(exchange(client, server).client);
  client->reload();
  CHECK(exchange(client, server).client == TlsErrc::untrusted);
  CHECK(client->status().reload_failures == 0);
}

TEST_CASE("a reload of an unusable file names it, and the former certificates stay in use") {
  const CertificateAuthority authority;
  const TlsFiles files = authority.issue("client", {.until_s = 5000});
  const auto client = make_context(files, TlsRole::client);
  const auto server = make_context(authority.issue("server"), TlsRole::server);
  const auto expires_s = client->status().expires_s;
  authority.issue("client", {.until_s = -1});
  CHECK_THROWS_WITH(client->reload(), Catch::Contains(files.certificate.string()));
  CHECK(client->status().expires_s == expires_s);
  CHECK(client->status().reload_failures == 1);
  CHECK_FALSE(exchange(client, server).client);
}

TEST_CASE("an explanation names our own file where that matters") {
  const CertificateAuthority authority;
  const TlsFiles files = authority.issue("ours");
  const auto client = make_context(files, TlsRole::client);
  const auto server = make_context(files, TlsRole::server);
  CHECK(client->explain(TlsErrc::untrusted) ==
        "its certificate isn't signed by one of --worker-tls-ca (" + files.ca.string() + ")");
  CHECK(server->explain(TlsErrc::refused_untrusted) ==
        "it refused --worker-tls-cert (" + files.certificate.string() +
            "), because its --worker-tls-ca has no certificate that signed it");
  CHECK_THAT(client->explain(TlsErrc::not_tls), Catch::Contains("--worker-plain"));
  CHECK_THAT(server->explain(TlsErrc::not_tls), !Catch::Contains("--worker-plain"));
  CHECK(client->explain(Errc::timed_out) == "the peer took too long");
  for (const TlsErrc error : all_tls_errors) {
    for (const auto& context : {client, server}) {
      CHECK_THAT(context->explain(error), Catch::StartsWith("it") || Catch::StartsWith("the TLS"));
      CHECK_FALSE(to_label(error).empty());
    }
  }
}

}  // namespace
}  // namespace samoyed::io
