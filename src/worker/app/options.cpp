#include "worker/app/options.hpp"

#include <array>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "samoyed/io/duration_option.hpp"
#include "samoyed/io/log_option.hpp"
#include "samoyed/io/number_range.hpp"
#include "worker/serving/usable_cores.hpp"

namespace samoyed::worker {
namespace {

constexpr std::uint64_t one = 1;
constexpr std::uint64_t bytes_max = std::uint64_t{1} << 40;

/// `224` or, height first, `224x320`.
Size parse_input_size(const std::string& text) {
  Size size;
  char cross = 'x';
  std::istringstream words(text);
  words >> size.height;
  if (words.eof()) {
    size.width = size.height;
  } else {
    words >> cross >> size.width;
  }
  const auto fits = [](int side) { return side >= 1 && side <= crop_spec_side_px_max; };
  if (!words || !words.eof() || cross != 'x' || !fits(size.width) || !fits(size.height)) {
    throw CLI::ValidationError("--input-size", "must be a side or HEIGHTxWIDTH, from 1 to " +
                                                   std::to_string(crop_spec_side_px_max));
  }
  return size;
}

std::array<float, 3> three(const std::vector<float>& numbers) {
  return {numbers.at(0), numbers.at(1), numbers.at(2)};
}

/// The JSON file next to the model may set all of them instead.
void add_model_options(CLI::App& app, Options& options) {
  app.option_defaults()->group("Model (FILE.json next to FILE.pt may set the same)");
  ModelCard& card = options.model_card;
  app.add_option(
      "--model", options.model_file,
      "SqueezeNet's weights, as scripts/fetch-model provides them, or a TorchScript archive, as "
      "scripts/export-model makes it; null: none, answers are made up");
  app.add_option_function<std::string>(
      "--labels", [&card](const std::string& path) { card.labels = std::filesystem::path(path); },
      "One label a line, in class order (built in: ImageNet's 1000)");
  app.add_option_function<std::string>(
         "--model-name", [&card](const std::string& name) { card.name = name; },
         "Name under which clients select the model")
      ->check([](const std::string& name) {
        const auto fault = find_name_fault(name);
        return fault ? "must be " + *fault : std::string();
      });
  app.add_option_function<std::string>(
      "--input-size",
      [&card](const std::string& text) { card.input_size = parse_input_size(text); },
      "Pixels of the network's input, a side or HEIGHTxWIDTH (224)");
  app.add_option_function<int>(
         "--resize-size", [&card](int side) { card.resize_size = side; },
         "Pixels of the image's short side before the input is cut out of it (256/224 of the "
         "input)")
      ->check(CLI::Range(1, crop_spec_side_px_max));
  app.add_option_function<std::string>(
         "--interpolation",
         [&card](const std::string& name) {
           card.interpolation = name == "bicubic" ? Resampling::bicubic : Resampling::bilinear;
         },
         "How the image is resized (bilinear)")
      ->check(CLI::IsMember({"bilinear", "bicubic"}));
  app.add_option_function<std::vector<float>>(
         "--mean", [&card](const std::vector<float>& mean) { card.mean = three(mean); },
         "Per-channel mean (RGB, 0 to 1), subtracted from each pixel (0.485,0.456,0.406)")
      ->expected(3)
      ->delimiter(',')
      ->check(io::number_range(-1000, 1000));
  app.add_option_function<std::vector<float>>(
         "--std", [&card](const std::vector<float>& std) { card.deviation = three(std); },
         "Per-channel standard deviation, by which the difference is divided (0.229,0.224,0.225)")
      ->expected(3)
      ->delimiter(',')
      ->check(io::number_range(1e-6, 1000));
}

void add_recognition_options(CLI::App& app, Options& options) {
  app.option_defaults()->group("Recognition");
  const auto set_precision = [&options](const std::string& name) {
    options.precision = name == to_string(Precision::bf16) ? Precision::bf16 : Precision::fp32;
  };
  app.add_option_function<std::string>("--precision", set_precision,
                                       "Of the network's numbers; bf16 is faster on processors "
                                       "with AMX, a little less exact, and "
                                       "refused on others")
      ->default_str(to_string(options.precision))
      ->check(CLI::IsMember({to_string(Precision::fp32), to_string(Precision::bf16)}));
  app.add_option(
         "--threads", options.queue.threads,
         "Images recognized at the same time, by one thread each (all cores that the process may "
         "use); above 1 an image that is alone gets two")
      ->check(CLI::Range(1, 1024));
  app.add_flag("!--no-exif", options.apply_exif_orientation,
               "Ignore EXIF orientation, as the reference does");
  app.add_flag("--fast-decode", options.fast_decode,
               "Read JPEGs of 1024 pixels and more on the short side at 1/2, 1/4 or 1/8 of their "
               "size: faster, with slightly other answers");
}

void add_image_options(CLI::App& app, Options& options) {
  app.option_defaults()->group("Images");
  app.add_option("--image-bytes-max", options.server.image_bytes_max, "Largest image file accepted")
      ->check(CLI::Range(one, std::uint64_t{1} << 30));
  app.add_option("--image-pixels-max", options.decode.pixels_max, "Most pixels of an image")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 30));
  app.add_option("--image-side-px-max", options.decode.side_px_max, "Longest side of an image")
      ->check(CLI::Range(1, 65535));
  app.add_option("--decode-memory-bytes-max", options.decode.memory_bytes_max,
                 "What decoding one image may hold, its file not counted")
      ->check(CLI::Range(one, bytes_max));
}

void add_load_options(CLI::App& app, Options& options) {
  app.option_defaults()->group("Load");
  app.add_option("--queue-length-max", options.queue.queued_max,
                 "Images that may wait; beyond it the answer is busy")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--queue-bytes-max", options.queue.queued_bytes_max,
                 "Bytes of image files that may wait; one image always may")
      ->check(CLI::Range(one, bytes_max));
  app.add_option("--receiving-bytes-max", options.server.receiving_bytes_max,
                 "Bytes of image files on their way in; beyond it the answer is busy")
      ->check(CLI::Range(one, bytes_max));
  app.add_option("--connections-max", options.server.connections_max,
                 "Connections served at a time; further peers wait")
      ->check(CLI::Range(1, 1000000));
  app.add_option("--connections-per-peer-max", options.server.connections_per_peer_max,
                 "Connections from one address; further ones are closed")
      ->check(CLI::Range(1, 1000000));
}

void add_time_options(CLI::App& app, Options& options) {
  app.option_defaults()->group("Time");
  SessionTimeouts& timeouts = options.server.timeouts;
  io::add_milliseconds_option(
      app, "--request-timeout-ms", timeouts.request,
      "For the first message of a connection, and the pause before each next one");
  io::add_milliseconds_option(app, "--image-timeout-ms", timeouts.image,
                              "From a size's A to the image's end");
  io::add_milliseconds_option(app, "--queue-timeout-ms", timeouts.queue,
                              "In the queue; an image that waits longer is answered busy");
  io::add_milliseconds_option(app, "--ack-timeout-ms", timeouts.ack,
                              "From a result to its A, and for writing anything");
  io::add_milliseconds_option(
      app, "--drain-timeout-ms", options.drain_timeout,
      "How long SIGTERM waits for what is under way; a second one ends at once", 0);
}

void add_metrics_options(CLI::App& app, Options& options) {
  app.option_defaults()->group("Metrics");
  auto* const port = app.add_option(
      "--metrics-port", options.metrics_port,
      "Serves http://ADDRESS:PORT/metrics to Prometheus and anyone else; 0 takes a free port");
  app.add_option("--metrics-address", options.metrics_address, "Address or name to serve them on")
      ->needs(port);
}

}  // namespace

std::optional<Options> parse_options(int argc, char** argv, int& exit_status) {
  Options options;
  options.queue.threads = usable_cores();

  CLI::App app{
      "Recognizes images with SqueezeNet, or another network, for clients of the D/A/N protocol."};
  app.set_version_flag("--version", SAMOYED_VERSION);
  app.footer(
      "Examples:\n"
      "  samoyed-worker 127.0.0.1 8888\n"
      "  samoyed-worker 0.0.0.0 8888 --model models/squeezenet1_1.pth --threads 4\n"
      "  samoyed-worker 0.0.0.0 8888 --model models/resnet18.pt\n"
      "Port 0 takes a free port; the log says which.");
  app.option_defaults()->always_capture_default();
  app.add_option("ADDRESS", options.address, "Address or name to listen on")->required();
  app.add_option("PORT", options.port, "Port to listen on, 0 for a free one")->required();
  io::add_log_option(app, options.log_format);
  add_model_options(app, options);
  add_recognition_options(app, options);
  add_image_options(app, options);
  add_load_options(app, options);
  add_time_options(app, options);
  add_metrics_options(app, options);
  try {
    app.parse(argc, argv);
    if (options.server.receiving_bytes_max < options.server.image_bytes_max) {
      throw CLI::ValidationError("--receiving-bytes-max",
                                 "must be at least --image-bytes-max, or no image gets in");
    }
  } catch (const CLI::ParseError& error) {
    exit_status = app.exit(error);
    return std::nullopt;
  }
  return options;
}

}  // namespace samoyed::worker
