#include "dispatcher/app/options.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <system_error>

#include <asio/ip/host_name.hpp>

#include "samoyed/io/command_line.hpp"
#include "samoyed/io/duration_option.hpp"
#include "samoyed/io/log_option.hpp"
#include "samoyed/io/option_checks.hpp"
#include "samoyed/io/token_file.hpp"
#include "samoyed/protocol/limits.hpp"
#include "samoyed/web/base_path.hpp"

namespace samoyed::dispatcher {
namespace {

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

std::string read_base_path(const std::string& text) {
  auto path = web::parse_base_path(text);
  if (!path) {
    throw CLI::ValidationError(
        "--base-path", "\"" + text + "\" can't be a base path; expected one such as /samoyed");
  }
  return std::move(*path);
}

void add_admin_token_option(CLI::App& app, Options& options) {
  app.add_option_function<std::string>(
         "--admin-token-file",
         [&options](const std::string& path) {
           options.admin_token_file = path;
           try {
             options.web.access.admin_token = io::read_token_file(path);
           } catch (const std::runtime_error& error) {
             throw CLI::ValidationError("--admin-token-file", error.what());
           }
         },
         "File with the admin token, which is then required to see and change workers; read again "
         "on SIGHUP")
      ->type_name("FILE");
}

void add_access_options(CLI::App& app, web::AccessOptions& access) {
  app.option_defaults()->group("Access");
  add_network_option(app, "--worker-network", access.worker_networks,
                     "Network that workers may be in, for example 10.0.0.0/8")
      ->default_str("this machine and the private networks");
  app.add_option("--allowed-host", access.allowed_hosts,
                 "Host name that requests may use, in addition to IP addresses, localhost and this "
                 "machine's name; .example.org allows all names below it")
      ->allow_extra_args(false)
      ->type_name("NAME");
  add_network_option(app, "--trusted-proxy", access.trusted_proxies,
                     "Network of proxies whose Forwarded and X-Forwarded-For, -Proto, -Host and "
                     "-Prefix headers are trusted")
      ->default_str("none");
  app.add_option_function<std::string>(
         "--base-path",
         [&access](const std::string& text) { access.base_path = read_base_path(text); },
         "Path below which a proxy offers the site, for example /samoyed; links, redirects and "
         "cookies begin with it, and it is removed from requests")
      ->type_name("PATH");
}

void add_limit_options(CLI::App& app, web::ServerLimits& limits) {
  app.option_defaults()->group("Limits");
  const CLI::Validator count = io::whole_number_range(1, 1000000);
  app.add_option("--connections-max", limits.connections_max, "Maximum number of web connections")
      ->check(count);
  app.add_option("--connections-per-peer-max", limits.connections_per_peer_max,
                 "Maximum number of web connections from one address")
      ->check(count);
  app.add_option("--requests-max", limits.requests_max, "Maximum number of simultaneous uploads")
      ->check(count);
  app.add_option("--requests-per-client-max", limits.requests_per_client_max,
                 "Maximum number of simultaneous uploads from one client")
      ->check(count);
  app.add_option("--request-bytes-max", limits.request_bytes_max,
                 "Maximum memory for all uploads together, in bytes")
      ->check(io::whole_number_range(std::uint64_t{1}, std::uint64_t{1} << 40));
  app.add_option("--image-bytes-max", limits.image_bytes_max,
                 "Maximum size of an image file, in bytes")
      ->check(io::whole_number_range(std::uint64_t{1}, std::uint64_t{1} << 30));
  app.add_option("--form-bytes-max", limits.form_bytes_max,
                 "Maximum size of all images of one form together, in bytes; a form that is larger "
                 "than an image lies in TMPDIR or /var/tmp meanwhile, all such forms together in "
                 "at most four times this size, and those of one client in this size")
      ->check(io::whole_number_range(std::uint64_t{1}, std::uint64_t{1} << 38));
}

void add_web_timeout_options(CLI::App& app, web::ServerTimeouts& timeouts,
                             web::ServerLimits& limits) {
  app.option_defaults()->group("Client timeouts");
  io::add_milliseconds_option(
      app, "--request-timeout-ms", timeouts.request,
      "Time limit for answering a received upload, all attempts included, in milliseconds");
  io::add_milliseconds_option(app, "--header-timeout-ms", timeouts.header,
                              "Time limit for receiving a request's header, in milliseconds");
  io::add_milliseconds_option(app, "--body-timeout-ms", timeouts.body,
                              "Time limit for receiving a request's body, in milliseconds");
  app.add_option("--body-bytes-per-second-min", limits.body_bytes_per_second_min,
                 "Least rate at which a request's body must arrive, in bytes per second; it may "
                 "fall behind by 20 seconds")
      ->check(io::whole_number_range(std::uint64_t{1}, std::uint64_t{1} << 30));
  io::add_milliseconds_option(app, "--write-timeout-ms", timeouts.write,
                              "Time limit for sending a response to a client, in milliseconds");
  io::add_milliseconds_option(
      app, "--idle-timeout-ms", timeouts.idle,
      "Time limit for the next request on an idle connection, in milliseconds");
  io::add_milliseconds_option(
      app, "--ready-drain-ms", timeouts.ready_drain,
      "Time after SIGTERM during which all requests are still served, but /readyz answers 503, so "
      "that a load balancer turns to others, in milliseconds",
      0);
  io::add_milliseconds_option(app, "--drain-timeout-ms", timeouts.drain,
                              "Time limit for finishing requests after SIGTERM, in milliseconds");
}

void add_history_options(CLI::App& app, HistoryOptions& history) {
  app.add_flag_function(
      "--no-history", [&history](std::int64_t) { history.enabled = false; },
      "Keep no history; a job's result is then kept only as long as the job");
  app.add_option("--history-days", history.days,
                 "Time that a recognition stays in the history, in days")
      ->check(io::whole_number_range(1, 36500));
  app.add_option("--history-rows-max", history.rows_max,
                 "Maximum number of recognitions in the history; the oldest are removed first")
      ->check(io::whole_number_range(std::uint64_t{1}, std::uint64_t{1000000000}));
  app.add_option_function<std::string>(
         "--results-by",
         [&history](const std::string& word) {
           history.results_by = word == "address" ? ResultsBy::address : ResultsBy::cookie;
         },
         "How visitors are identified; each visitor sees only their own results")
      ->type_name("HOW")
      ->default_str("cookie")
      ->check(io::one_of({"cookie", "address"}));
  app.add_flag_function(
      "--no-thumbnails", [&history](std::int64_t) { history.thumbnails = false; },
      "Keep no thumbnails of recognized images");
}

std::string instance_name_problem(const std::string& name) {
  constexpr std::size_t length_max = 100;
  const bool printable = std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
  if (!name.empty() && name.size() <= length_max && printable) return {};
  return "an instance's name has 1 to " + std::to_string(length_max) +
         " printable ASCII characters, none of them a space";
}

/// What pages call the dispatcher.
std::string shown_name(const StorageOptions& storage) {
  std::error_code unknown;  // On an error, the machine has no name.
  return storage.instance_name.empty() ? asio::ip::host_name(unknown) : storage.instance_name;
}

void add_shared_store_options(CLI::App& app, StorageOptions& storage) {
  CLI::Option* const store =
      app.add_option("--store", storage.url,
                     "Database of PostgreSQL for the history and for jobs, instead of --data-dir; "
                     "several dispatchers may share it. The variable SAMOYED_STORE may hold it "
                     "too. A password belongs in ~/.pgpass or the file that PGPASSFILE names")
          ->type_name("URL")
          ->envname("SAMOYED_STORE")
          ->excludes("--data-dir")
          ->excludes("--state");
  app.add_option("--instance-name", storage.instance_name,
                 "Name of this dispatcher among those that share the --store; one that restarts "
                 "under its name continues its jobs at once")
      ->check(CLI::Validator(&instance_name_problem, ""))
      ->type_name("NAME")
      ->default_str("a random one, and the machine's on pages")
      ->needs(store);
}

void add_storage_options(CLI::App& app, StorageOptions& storage) {
  app.option_defaults()->group("Storage");
  add_shared_store_options(app, storage);
  add_history_options(app, storage.history);
  app.add_option("--spool-images-max", storage.jobs.images_max, "Maximum number of unfinished jobs")
      ->check(io::whole_number_range(1, 10000000));
  app.add_option("--spool-bytes-max", storage.jobs.bytes_max,
                 "Maximum total size of the images of unfinished jobs, in bytes")
      ->check(io::whole_number_range(std::uint64_t{1}, std::uint64_t{1} << 44));
  io::add_duration_option<std::chrono::hours>(
      app, "--finished-jobs-hours", storage.jobs.keep_finished,
      "Time that a finished job can be queried, in hours", 1, 87600);
}

void add_default_model_option(CLI::App& app, DefaultModel& model) {
  app.add_option_function<std::string>(
         "--default-model",
         [&model](const std::string& name) {
           if (name.empty() || name.size() > protocol::model_name_bytes_max) {
             throw CLI::ValidationError(
                 "--default-model", "a model's name has 1 to " +
                                        std::to_string(protocol::model_name_bytes_max) + " bytes");
           }
           model = {DefaultModel::Rule::named, name};
         },
         "Model that recognizes the images for which none is requested (default: the trained model "
         "of the worker that was listed first)")
      ->type_name("NAME");
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, int& exit_status) {
  Options options;
  CLI::App app{
      "Serves a web page and an API, and sends each image to one of its workers, round-robin.",
      "samoyed-dispatcher"};
  io::prepare_command_line(app);
  app.footer(
      "Examples:\n"
      "  samoyed-dispatcher --worker localhost:8888 --worker localhost:7777\n"
      "  samoyed-dispatcher --address 0.0.0.0 --port 80 --data-dir /srv/samoyed\n"
      "While the dispatcher runs, /add/HOST:PORT and /del/HOST:PORT add and remove\n"
      "workers. With --port 0 the log names the port that was chosen.");
  app.add_option("--address", options.address, "Address or host name to listen on")
      ->type_name("ADDRESS");
  app.add_option("--port", options.port, "Port of the web page; 0 chooses a free port")
      ->check(io::port_range());
  add_worker_option(app, options.workers);
  app.add_option("--state", options.state_file, "File that keeps the worker list across restarts")
      ->type_name("FILE");
  app.add_option("--data-dir", options.storage.folder,
                 "Folder for the history and for jobs, created if missing")
      ->type_name("DIR")
      ->default_str("keep neither");
  add_admin_token_option(app, options);
  io::add_log_option(app, options.log_format);
  app.add_option("--unsure-below", options.web.unsure_below_percent,
                 "Percentage below which pages aren't sure of the best label; 0 turns this off")
      ->check(io::number_range(0, 100))
      ->type_name("PERCENT");
  add_access_options(app, options.web.access);
  add_limit_options(app, options.web.limits);
  add_web_timeout_options(app, options.web.timeouts, options.web.limits);
  add_storage_options(app, options.storage);
  app.option_defaults()->group("Worker timeouts");
  add_timeout_options(app, options.dispatch.timeouts);
  app.option_defaults()->group("Dispatching");
  add_dispatch_options(app, options.dispatch);
  add_default_model_option(app, options.default_model);
  app.option_defaults()->group("Worker health");
  add_health_options(app, options.health);
  app.option_defaults()->group("Discovery of workers");
  add_discovery_options(app, options.discovery);
  app.option_defaults()->group("TLS with workers");
  add_worker_tls_options(app, options.worker_tls);
  app.final_callback([&options] {
    check_discovery(options.discovery);
    apply_worker_tls(options.worker_tls, options.dispatch);
  });
  if (const auto status = io::parse_command_line(app, argc, argv)) {
    exit_status = *status;
    return std::nullopt;
  }
  options.web.results_by = options.storage.history.results_by;
  options.web.thumbnails = options.storage.history.thumbnails;
  options.web.results_days = options.storage.history.days;
  if (!options.storage.url.empty()) options.web.instance_name = shown_name(options.storage);
  options.dispatch.queue = true;
  options.dispatch.may_connect =
      [networks = options.web.access.worker_networks](const asio::ip::address& address) {
        return networks.contains(address);
      };
  return options;
}

}  // namespace samoyed::dispatcher
