#include "dispatcher/load/options.hpp"

#include <cmath>

#include <CLI/CLI.hpp>

#include "dispatcher/cli.hpp"
#include "samoyed/io/command_line.hpp"
#include "samoyed/io/duration_option.hpp"
#include "samoyed/io/option_checks.hpp"
#include "samoyed/protocol/limits.hpp"

namespace samoyed::load {
namespace {

constexpr std::string_view http_scheme = "http://";
constexpr std::uint16_t http_port = 80;
constexpr double seconds_max = 3600;
/// As many as a dispatcher accepts.
constexpr int images_per_request_max = 200;

void add_seconds_option(CLI::App& app, const std::string& name, std::chrono::milliseconds& value,
                        const std::string& description, double least) {
  app.add_option_function<double>(
         name,
         [&value](double seconds) {
           value = std::chrono::milliseconds(std::llround(seconds * 1000));
         },
         description)
      ->type_name("SECONDS")
      ->default_str(CLI::detail::to_string(std::chrono::duration<double>(value).count()))
      ->check(io::number_range(least, seconds_max));
}

CLI::Option* add_http_option(CLI::App& app, std::optional<HttpUrl>& http) {
  return app
      .add_option_function<std::string>(
          "--http",
          [&http](const std::string& text) {
            auto url = parse_http_url(text);
            if (!url) {
              throw CLI::ValidationError("--http", "\"" + text +
                                                       "\" isn't the URL of a page; expected " +
                                                       "http://HOST[:PORT][/PATH]");
            }
            http.emplace(std::move(*url));
          },
          "URL of a dispatcher's page, its /api/v1/classify or its /api/v1/jobs; images are "
          "posted as form uploads")
      ->type_name("URL");
}

void add_load_options(CLI::App& app, Options& options) {
  CLI::Option* const clients =
      app.add_option("--clients", options.clients,
                     "Closed loop: number of clients; each sends its next image after an answer")
          ->check(io::whole_number_range(1, 10000));
  app.add_option_function<double>(
         "--rate", [&options](double rate) { options.rate_per_s = rate; },
         "Open loop: images per second, sent at random times (Poisson) regardless of answers")
      ->check(io::number_range(0.001, 1e6))
      ->type_name("N")
      ->excludes(clients);
  app.add_option("--seed", options.seed, "Open loop: seed of the random times");
  app.add_option("--in-flight-max", options.in_flight_max,
                 "Open loop: maximum number of images in flight; further images count as failed")
      ->check(io::whole_number_range(1, 30000));
  add_seconds_option(app, "--seconds", options.duration, "Duration of the measurement, in seconds",
                     0.01);
  add_seconds_option(app, "--warm-up-seconds", options.warm_up,
                     "Duration of the load before the measurement, in seconds", 0);
  app.add_flag("--fresh-connections", options.fresh_connections,
               "Open a new connection for each image instead of reusing connections");
  io::add_milliseconds_option(
      app, "--request-timeout-ms", options.request_timeout,
      "Time limit for one image, in milliseconds; an image that exceeds it counts as failed");
  app.add_option("--top", options.top, "Number of labels per image (workers only)")
      ->check(io::whole_number_range(1, protocol::top_max));
}

}  // namespace

std::optional<HttpUrl> parse_http_url(std::string_view text) {
  if (!text.starts_with(http_scheme)) return std::nullopt;
  text.remove_prefix(http_scheme.size());
  const std::size_t path_at = text.find('/');
  const std::string path(path_at == text.npos ? "/" : text.substr(path_at));
  const bool legal_path = path.find_first_of(" \t\r\n#") == path.npos;
  if (!legal_path) return std::nullopt;
  // RFC 6874: a URL spells the percent sign of a zone `%25`.
  std::string authority(text.substr(0, path_at));
  if (const std::size_t zone = authority.find("%25"); zone != authority.npos) {
    authority.replace(zone, 3, "%");
  }
  auto address = protocol::parse_address(authority);
  const bool without_port = authority.ends_with(']') || authority.find(':') == authority.npos;
  if (!address && without_port) {
    if (const auto host = protocol::parse_host(authority)) address.emplace(*host, http_port);
  }
  if (!address) return std::nullopt;
  return HttpUrl{std::move(*address), path};
}

std::optional<Options> parse_options(int argc, char** argv, int& exit_status) {
  Options options;
  CLI::App app{
      "Sends images to workers, or to a dispatcher's page or API, and measures throughput and "
      "latency.",
      "clientsocket bench"};
  io::prepare_command_line(app);
  app.footer(
      "Examples:\n"
      "  clientsocket bench --worker localhost:8888 --clients 4 dog.jpg\n"
      "  clientsocket bench --http http://localhost:9999/ --rate 100 --json photos/\n"
      "A job counts as recognized when it is accepted.\n"
      "Latencies cover recognized images only. In the open loop, a latency starts when\n"
      "its image is due, so that a stall isn't hidden. Counts cover the images that\n"
      "were due during the measurement; rates cover the answers that arrived during\n"
      "it. The exit status is 1 if any image failed, which means that it was neither\n"
      "recognized nor refused with a documented reason.");
  CLI::Option* const workers = dispatcher::add_worker_option(app, options.workers);
  CLI::Option* const http = add_http_option(app, options.http)->excludes(workers);
  add_load_options(app, options);
  app.add_option("--images-per-request", options.images_per_request,
                 "Number of images in each form, for /api/v1/jobs; all figures then count forms")
      ->check(io::whole_number_range(1, images_per_request_max))
      ->needs(http);
  app.add_flag("--json", options.json, "Print the report as one JSON object");
  app.add_option("IMAGE", options.images,
                 "Image files, folders to search for images, or - for standard input; sent in turn")
      ->required();
  app.final_callback([workers, http] {
    if (workers->count() + http->count() == 0) throw CLI::RequiredError("--worker or --http");
  });
  if (const auto status = io::parse_command_line(app, argc, argv)) {
    exit_status = *status;
    return std::nullopt;
  }
  return options;
}

}  // namespace samoyed::load
