#include "dispatcher/app/options.hpp"

#include <fstream>
#include <map>

#include "dispatcher/cli.hpp"
#include "samoyed/io/duration_option.hpp"
#include "samoyed/io/log_option.hpp"

namespace samoyed::dispatcher {
namespace {

/// 16 random characters of base64 are 96 bits, which can't be guessed.
constexpr std::size_t token_length_min = 16;
constexpr std::size_t token_length_max = 1024;

/// The first line of a file, without surrounding blanks.
std::string read_token(const std::string& path) {
  std::ifstream file(path);
  std::string token;
  std::getline(file, token);
  const auto begin = token.find_first_not_of(" \t\r");
  token =
      begin == token.npos ? "" : token.substr(begin, token.find_last_not_of(" \t\r") - begin + 1);
  if (token.size() < token_length_min || token.size() > token_length_max) {
    throw CLI::ValidationError("--admin-token-file",
                               path + " must hold the token on its first line, " +
                                   std::to_string(token_length_min) + " to " +
                                   std::to_string(token_length_max) +
                                   " characters; make one with: openssl rand -base64 24");
  }
  return token;
}

CLI::Option* add_network_option(CLI::App& app, const std::string& name, io::NetworkList& networks,
                                const std::string& description) {
  return app
      .add_option_function<std::vector<std::string>>(
          name,
          [&networks, name](const std::vector<std::string>& texts) {
            try {
              networks = io::NetworkList(texts);
            } catch (const std::runtime_error& error) {
              throw CLI::ValidationError(name, error.what());
            }
          },
          description)
      ->allow_extra_args(false)
      ->type_name("NETWORK");
}

void add_access_options(CLI::App& app, web::AccessOptions& access) {
  app.option_defaults()->group("Access");
  add_network_option(app, "--worker-network", access.worker_networks,
                     "Networks that workers may be in, for example 10.0.0.0/8; may be given many "
                     "times (default: this machine and the private networks)");
  app.add_option_function<std::string>(
         "--admin-token-file",
         [&access](const std::string& path) { access.admin_token = read_token(path); },
         "File with the token that seeing and changing the workers then needs")
      ->type_name("FILE");
  app.add_option(
         "--allowed-host", access.allowed_hosts,
         "Host name that requests may name, besides IP addresses, localhost and this machine's "
         "name; .example.org for all below it; may be given many times")
      ->allow_extra_args(false)
      ->type_name("NAME");
  add_network_option(app, "--trusted-proxy", access.trusted_proxies,
                     "Networks whose Forwarded and X-Forwarded-For fields are believed; may be "
                     "given many times (default: none)");
}

void add_limit_options(CLI::App& app, web::ServerLimits& limits) {
  app.option_defaults()->group("How much");
  const CLI::Range count(1, 1000000);
  app.add_option("--connections-max", limits.connections_max, "Web connections at a time")
      ->check(count);
  app.add_option("--connections-per-peer-max", limits.connections_per_peer_max,
                 "Web connections at a time from one address")
      ->check(count);
  app.add_option("--requests-max", limits.requests_max, "Uploads at a time")->check(count);
  app.add_option("--requests-per-client-max", limits.requests_per_client_max,
                 "Uploads at a time from one client")
      ->check(count);
  app.add_option("--request-bytes-max", limits.request_bytes_max,
                 "Memory for all uploads at a time")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40));
  app.add_option("--image-bytes-max", limits.image_bytes_max, "Largest image file accepted")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 30));
}

void add_web_timeout_options(CLI::App& app, web::ServerTimeouts& timeouts) {
  app.option_defaults()->group("How long a client may take");
  io::add_milliseconds_option(
      app, "--request-timeout-ms", timeouts.request,
      "From an upload's arrival to its answer, all attempts at workers included");
  io::add_milliseconds_option(app, "--header-timeout-ms", timeouts.header,
                              "For a request's header to arrive");
  io::add_milliseconds_option(app, "--body-timeout-ms", timeouts.body,
                              "For a request's body to arrive");
  io::add_milliseconds_option(app, "--write-timeout-ms", timeouts.write,
                              "For a client to take its answer");
  io::add_milliseconds_option(app, "--idle-timeout-ms", timeouts.idle, "Between two requests");
  io::add_milliseconds_option(app, "--drain-timeout-ms", timeouts.drain,
                              "How long SIGTERM waits for requests in flight");
}

void add_history_options(CLI::App& app, HistoryOptions& history) {
  app.add_flag_function(
      "--no-history", [&history](std::int64_t) { history.enabled = false; },
      "Keep no history; jobs keep their results as long as they are kept themselves");
  app.add_option("--history-days", history.days, "Days that a recognition stays in the history")
      ->check(CLI::Range(1, 36500));
  app.add_option("--history-rows-max", history.rows_max,
                 "Recognitions in the history; the oldest beyond it are removed")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1000000000}));
  app.add_option("--results-by", history.results_by,
                 "What distinguishes one visitor's results from another's")
      ->transform(CLI::Transformer(std::map<std::string, ResultsBy>{
          {"cookie", ResultsBy::cookie}, {"address", ResultsBy::address}}))
      ->default_str("cookie")
      ->type_name("cookie|address");
  app.add_flag_function(
      "--no-thumbnails", [&history](std::int64_t) { history.thumbnails = false; },
      "Keep no thumbnails of recognized images");
}

void add_storage_options(CLI::App& app, StorageOptions& storage) {
  app.option_defaults()->group("What is kept");
  app.add_option("--data-dir", storage.folder,
                 "Folder of the history and of jobs, made if it is missing (default: neither is "
                 "kept)")
      ->type_name("DIR");
  add_history_options(app, storage.history);
  app.add_option("--spool-images-max", storage.jobs.images_max, "Jobs that are not finished")
      ->check(CLI::Range(1, 10000000));
  app.add_option("--spool-bytes-max", storage.jobs.bytes_max, "Bytes of their images")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 44));
  io::add_duration_option<std::chrono::hours>(app, "--finished-jobs-hours",
                                              storage.jobs.keep_finished,
                                              "How long a finished job can be asked for", 1, 87600);
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, int& exit_status) {
  Options options;
  CLI::App app{"Shows the web form and sends each image to one of its workers, round-robin."};
  app.set_version_flag("--version", SAMOYED_VERSION);
  app.footer(
      "Examples:\n"
      "  samoyed-dispatcher --worker localhost:8888 --worker localhost:7777\n"
      "  samoyed-dispatcher --address 0.0.0.0 --port 80 --state /var/lib/samoyed/workers\n"
      "While it runs, /add/HOST:PORT and /del/HOST:PORT change the list. Port 0 takes a free port; "
      "the\n"
      "log says which.");
  app.option_defaults()->always_capture_default();
  app.add_option("--address", options.address, "Address or name to listen on");
  app.add_option("--port", options.port, "Port of the web form, 0 for a free one");
  add_worker_option(app, options.workers);
  app.add_option("--state", options.state_file,
                 "File that keeps the worker list, so that it survives a restart");
  io::add_log_option(app, options.log_format);
  add_access_options(app, options.web.access);
  add_limit_options(app, options.web.limits);
  add_web_timeout_options(app, options.web.timeouts);
  add_storage_options(app, options.storage);
  app.option_defaults()->group("How long a worker may take");
  add_timeout_options(app, options.dispatch.timeouts);
  add_dispatch_options(app, options.dispatch);
  app.option_defaults()->group("Workers that fail");
  add_health_options(app, options.health);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_status = app.exit(error);
    return std::nullopt;
  }
  options.web.results_by = options.storage.history.results_by;
  options.web.thumbnails = options.storage.history.thumbnails;
  options.web.results_days = options.storage.history.days;
  options.dispatch.may_connect =
      [networks = options.web.access.worker_networks](const asio::ip::address& address) {
        return networks.contains(address);
      };
  return options;
}

}  // namespace samoyed::dispatcher
