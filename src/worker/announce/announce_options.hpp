#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace samoyed::worker {

/// How a worker tells a dispatcher of itself.
struct AnnounceOptions {
  /// The dispatcher's URL without a final slash. Empty if the worker doesn't announce itself.
  std::string url;
  /// HOST:PORT at which the dispatcher reaches the worker. Empty for the address that it listens
  /// on.
  std::string address;
  /// The file with the dispatcher's admin token. May be empty.
  std::filesystem::path token_file;
  /// Certificates (PEM) of those who may sign the dispatcher's. Empty for those of the system.
  std::filesystem::path ca_file;
  std::chrono::milliseconds interval{60000};
};

/// Parses the URL of a dispatcher, for example `http://10.0.0.1:9999` or
/// `https://example.org/samoyed`, and removes a final slash. Returns std::nullopt for anything
/// else, also for a URL with a user, a query or a fragment.
std::optional<std::string> parse_dispatcher_url(std::string_view text);

inline constexpr std::string_view dispatcher_url_syntax =
    "a dispatcher's URL, for example http://10.0.0.1:9999 or https://example.org/samoyed";

}  // namespace samoyed::worker
