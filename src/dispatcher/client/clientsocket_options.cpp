#include "dispatcher/client/clientsocket_options.hpp"

#include "samoyed/io/command_line.hpp"
#include "samoyed/io/duration_option.hpp"
#include "samoyed/io/option_checks.hpp"
#include "samoyed/protocol/limits.hpp"

namespace samoyed::clientsocket {

std::optional<Options> parse_options(int argc, char** argv, int& exit_status) {
  Options options;
  CLI::App app{
      "Sends images to workers, round-robin from one or more threads, and prints the labels.",
      "clientsocket"};
  io::prepare_command_line(app);
  app.footer(
      "Examples:\n"
      "  clientsocket --worker localhost:8888 dog.jpg\n"
      "  clientsocket --worker localhost:8888 --worker localhost:7777 photos/\n"
      "  clientsocket --worker '[::1]:8888' --json --top 10 *.png\n"
      "  clientsocket --worker localhost:8888 --quiet --csv photos/ >labels.csv\n"
      "  curl -s https://example.org/dog.jpg | clientsocket --worker localhost:8888 -\n"
      "  clientsocket bench --help    (measures workers or a dispatcher under load)\n"
      "Results go to stdout, everything else to stderr. The exit status is 1 if an\n"
      "image failed or a folder couldn't be searched, 2 after a wrong command line.");
  dispatcher::add_worker_option(app, options.workers)->required();
  app.add_option("--threads", options.threads, "Number of threads; each sends one image at a time")
      ->check(io::whole_number_range(1, 1024));
  app.add_option("--repeat", options.repeat, "Number of times to send each image")
      ->check(io::whole_number_range(1, 1000000));
  app.add_option("--top", options.top,
                 "Number of labels per image (a reference server always returns 5)")
      ->check(io::whole_number_range(1, protocol::top_max));
  app.add_option("--model", options.model, "Use only workers that run this model")
      ->type_name("NAME");
  const auto set_format = [&options](OutputFormat format) {
    return [&options, format](std::int64_t) { options.format = format; };
  };
  auto* const json = app.add_flag_function("--json", set_format(OutputFormat::json),
                                           "Print each result as one JSON object per line");
  app.add_flag_function("--csv", set_format(OutputFormat::csv),
                        "Print the results as CSV, one line per label")
      ->excludes(json);
  app.add_flag("--quiet", options.quiet,
               "Print only results and errors: no workers, progress, skipped files or summary");
  app.option_defaults()->group("Timeouts");
  io::add_milliseconds_option(app, "--request-timeout-ms", options.request_timeout,
                              "Time limit for one image, all attempts included, in milliseconds");
  dispatcher::add_timeout_options(app, options.dispatch.timeouts);
  app.option_defaults()->group("TLS with workers");
  dispatcher::add_worker_tls_options(app, options.worker_tls);
  app.final_callback([&options] { apply_worker_tls(options.worker_tls, options.dispatch); });
  app.add_option("IMAGE", options.images,
                 "Image files, folders to search for images, or - for standard input")
      ->required();
  if (const auto status = io::parse_command_line(app, argc, argv)) {
    exit_status = *status;
    return std::nullopt;
  }
  return options;
}

}  // namespace samoyed::clientsocket
