#include "worker/app/announce_arguments.hpp"

#include <stdexcept>
#include <string>

#include "samoyed/io/duration_option.hpp"
#include "samoyed/io/token_file.hpp"
#include "samoyed/protocol/address.hpp"
#include "worker/announce/announcer.hpp"

namespace samoyed::worker {
namespace {

std::string read_url(const std::string& text) {
  if (!has_announcer) {
    throw CLI::ValidationError(
        "--announce",
        "this program was built without libcurl; install libcurl4-openssl-dev and build it again");
  }
  auto url = parse_dispatcher_url(text);
  if (!url) {
    throw CLI::ValidationError("--announce", "\"" + text + "\" can't be announced to; expected " +
                                                 std::string(dispatcher_url_syntax) +
                                                 ", without user, query or fragment");
  }
  return std::move(*url);
}

std::string read_address(const std::string& text) {
  const auto address = protocol::parse_address(text);
  if (!address) {
    throw CLI::ValidationError("--announce-address", "\"" + text +
                                                         "\" isn't a worker address; expected " +
                                                         std::string(protocol::address_syntax));
  }
  return protocol::to_string(*address);
}

/// The token is read again for each call. An unusable file is an error at the start already.
std::string check_token_file(const std::string& path) {
  try {
    io::read_token_file(path);
  } catch (const std::runtime_error& error) {
    throw CLI::ValidationError("--announce-token-file", error.what());
  }
  return path;
}

}  // namespace

void add_announce_options(CLI::App& app, AnnounceOptions& options) {
  app.option_defaults()->group("Announcement");
  auto* const announce =
      app.add_option_function<std::string>(
             "--announce", [&options](const std::string& text) { options.url = read_url(text); },
             "URL of a dispatcher that is told of this worker: at the start, and again when it has "
             "lost the worker; SIGTERM withdraws the worker")
          ->type_name("URL");
  app.add_option_function<std::string>(
         "--announce-token-file",
         [&options](const std::string& path) { options.token_file = check_token_file(path); },
         "File with the dispatcher's admin token; read again for each call")
      ->type_name("FILE")
      ->needs(announce);
  app.add_option_function<std::string>(
         "--announce-address",
         [&options](const std::string& text) { options.address = read_address(text); },
         "Address at which the dispatcher reaches this worker")
      ->type_name("HOST:PORT")
      ->default_str("ADDRESS:PORT; if that is every address, the one that connects to the URL")
      ->needs(announce);
  app.add_option_function<std::string>(
         "--announce-ca-file", [&options](const std::string& path) { options.ca_file = path; },
         "File with the certificates (PEM) that may sign an https dispatcher's")
      ->type_name("FILE")
      ->default_str("those of the system")
      ->check(CLI::ExistingFile)
      ->needs(announce);
  io::add_milliseconds_option(
      app, "--announce-interval-ms", options.interval,
      "Time after which the dispatcher is asked whether it still has this worker, in milliseconds");
}

}  // namespace samoyed::worker
