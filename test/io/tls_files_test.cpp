#include "io/tls_files.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include <catch2/catch.hpp>

#include "samoyed/io/wall_clock.hpp"
#include "support/certificates.hpp"

namespace samoyed::io {
namespace {

using test::CertificateAuthority;

std::int64_t now_s() { return wall_clock_ms() / 1000; }

/// Returns what is wrong with the files; an empty string if nothing is.
std::string problem(const TlsFiles& files) {
  try {
    read_tls_files(files, now_s());
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return {};
}

TEST_CASE("good files are read, with the time at which the certificate expires") {
  const CertificateAuthority authority;
  const TlsFiles files = authority.issue("good", {.until_s = 1000});
  const std::int64_t before = now_s();
  const TlsCredentials credentials = read_tls_files(files, before);
  CHECK(credentials.ca.starts_with("-----BEGIN CERTIFICATE-----"));
  CHECK(credentials.certificate.starts_with("-----BEGIN CERTIFICATE-----"));
  CHECK(credentials.key.starts_with("-----BEGIN PRIVATE KEY-----"));
  CHECK(credentials.expires_s <= before + 1000);
  CHECK(credentials.expires_s > before + 1000 - 300);
}

TEST_CASE("an unusable file is named with its path and what to do") {
  struct Row {
    const char* name;
    std::function<void(const TlsFiles&)> damage;
    std::filesystem::path TlsFiles::*file;
    std::string says;
  };
  const auto replace = [](const std::filesystem::path& path, const std::string& content) {
    std::ofstream(path) << content;
  };
  const std::string begin = "-----BEGIN CERTIFICATE-----\n";
  const Row rows[] = {
      {"missing CA", [](const TlsFiles& files) { std::filesystem::remove(files.ca); },
       &TlsFiles::ca, "No such file or directory"},
      {"missing key", [](const TlsFiles& files) { std::filesystem::remove(files.key); },
       &TlsFiles::key, "No such file or directory"},
      {"folder",
       [](const TlsFiles& files) {
         std::filesystem::remove(files.certificate);
         std::filesystem::create_directory(files.certificate);
       },
       &TlsFiles::certificate, "Is a directory"},
      {"empty CA", [&](const TlsFiles& files) { replace(files.ca, ""); }, &TlsFiles::ca,
       "has no certificate"},
      {"damaged certificate",
       [&](const TlsFiles& files) { replace(files.certificate, begin + "AAAA\n"); },
       &TlsFiles::certificate, "has no certificate"},
      {"damaged second certificate",
       [&](const TlsFiles& files) { std::ofstream(files.ca, std::ios::app) << begin << "AAAA\n"; },
       &TlsFiles::ca, "has a damaged certificate"},
      {"large", [&](const TlsFiles& files) { replace(files.ca, std::string(2U << 20, '\n')); },
       &TlsFiles::ca, "is larger than 1048576 bytes"},
      {"no key", [&](const TlsFiles& files) { replace(files.key, "key"); }, &TlsFiles::key,
       "must be a private key in PEM format without a password"},
      {"readable key",
       [](const TlsFiles& files) {
         std::filesystem::permissions(files.key, std::filesystem::perms::others_read,
                                      std::filesystem::perm_options::add);
       },
       &TlsFiles::key, "chmod o= "},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const CertificateAuthority authority;
    const TlsFiles files = authority.issue("ours");
    row.damage(files);
    const std::string found = problem(files);
    CHECK_THAT(found, Catch::Contains(row.says) && Catch::Contains((files.*row.file).string()));
  }
}

TEST_CASE("a key of another certificate is rejected") {
  const CertificateAuthority authority;
  TlsFiles files = authority.issue("ours");
  files.key = authority.issue("other").key;
  CHECK_THAT(problem(files), Catch::Contains("doesn't belong to the certificate") &&
                                 Catch::Contains(files.key.string()) &&
                                 Catch::Contains(files.certificate.string()));
}

TEST_CASE("a certificate is rejected outside its time, with its path and the date") {
  const CertificateAuthority authority;
  const TlsFiles expired = authority.issue("expired", {.until_s = -1});
  CHECK_THAT(problem(expired), Catch::Contains(expired.certificate.string()) &&
                                   Catch::Contains(" expired on 20") && Catch::Contains(" UTC"));
  const TlsFiles early = authority.issue("early", {.from_s = 3600});
  CHECK_THAT(problem(early), Catch::Contains(early.certificate.string()) &&
                                 Catch::Contains(" isn't valid before 20"));
}

TEST_CASE("certificates of authorities are rejected if all of them have expired") {
  const CertificateAuthority old({.until_s = -1});
  const TlsFiles files = old.issue("ours");
  CHECK_THAT(problem(files), Catch::Contains(files.ca.string()) && Catch::Contains("expired on"));
  const CertificateAuthority valid;
  std::ofstream(files.ca, std::ios::app) << std::ifstream(valid.ca_file()).rdbuf();
  CHECK(problem(files).empty());
}

TEST_CASE("times are written in UTC") {
  CHECK(utc_text(0) == "1970-01-01 00:00 UTC");
  CHECK(utc_text(1798761599) == "2026-12-31 23:59 UTC");
}

}  // namespace
}  // namespace samoyed::io
