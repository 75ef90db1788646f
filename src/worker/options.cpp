#include "worker/options.hpp"

#include <algorithm>
#include <thread>

#include <CLI/CLI.hpp>

namespace samoyed::worker {

std::optional<Options> parse_options(int argc, char** argv, int& exit_status) {
  Options options;
  options.threads = std::max(1u, std::thread::hardware_concurrency());
  std::int64_t drain_timeout_ms = options.drain_timeout.count();
  bool no_exif = false;

  CLI::App app{"Recognises images with SqueezeNet for all who speak the D/A/N protocol."};
  app.set_version_flag("--version", SAMOYED_VERSION);
  app.footer(
      "Examples:\n"
      "  samoyed-worker 127.0.0.1 8888\n"
      "  samoyed-worker 0.0.0.0 8888 --model models/squeezenet1_1.pth --threads 4\n"
      "Port 0 takes a free port; the log says which.");
  app.option_defaults()->always_capture_default();
  app.add_option("ADDRESS", options.address, "Address or name to listen on")->required();
  app.add_option("PORT", options.port, "Port to listen on, 0 for a free one")->required();
  app.add_option("--model", options.model_file,
                 "Weights, as scripts/fetch-model provides them; null: none, answers are made up");
  app.add_option("--labels", options.labels_file,
                 "One label a line, in class order (built in: ImageNet's 1000)");
  app.add_option("--threads", options.threads, "Images recognised at the same time")
      ->check(CLI::Range(1, 1024));
  app.add_option("--queue-length-max", options.queue_length_max,
                 "Images that may wait; beyond it the answer is busy")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--connections-max", options.connections_max, "Connections served at a time")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--image-bytes-max", options.image_bytes_max, "Largest image file accepted")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 30));
  app.add_option("--drain-timeout-ms", drain_timeout_ms,
                 "How long SIGTERM waits for what is under way")
      ->check(CLI::Range(0, 3600000));
  app.add_flag("--no-exif", no_exif, "Ignore EXIF orientation, as the reference does");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_status = app.exit(error);
    return std::nullopt;
  }
  options.drain_timeout = std::chrono::milliseconds(drain_timeout_ms);
  options.apply_exif_orientation = !no_exif;
  return options;
}

}  // namespace samoyed::worker
