// Measures parts of the worker in one process, without network connections. Each run takes one
// measurement and prints one JSON object, so that a script can alternate between programs.

#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "floors.hpp"
#include "jpeg_floor.hpp"
#include "measure.hpp"
#include "samoyed/io/allocator.hpp"
#include "samoyed/protocol/encoded_image.hpp"
#include "samoyed/protocol/limits.hpp"
#include "samoyed/protocol/message_reader.hpp"
#include "samoyed/protocol/wire.hpp"
#include "samoyed_worker_data.hpp"
#include "worker/decoders/image_decoder.hpp"
#include "worker/image/resize.hpp"
#include "worker/model/labels.hpp"
#include "worker/network/forward_plan.hpp"
#include "worker/network/network_recognizer.hpp"
#include "worker/network/one_thread.hpp"
#include "worker/network/squeezenet.hpp"
#include "worker/sandbox/decoder_processes.hpp"

namespace {

using namespace samoyed;
using bench::Measured;
using json = nlohmann::ordered_json;

struct Options {
  std::string measure;
  std::string model = "models/squeezenet1_1.pth";
  /// File of raw float32 values, 3x224x224.
  std::string input;
  std::string image;
  int threads = 1;
  /// Computes an image the way a worker computes a lone one: on two threads if that is faster.
  bool shared = false;
  worker::Precision precision = worker::Precision::fp32;
  double seconds = 1;
  int warm_up_calls = bench::warm_up_calls_default;

  template <typename Task>
  Measured measured(const Task& task) const {
    return bench::measure(threads, std::chrono::duration<double>(seconds), task, warm_up_calls);
  }
};

/// Number of bytes that a worker's connection reads at a time.
constexpr std::size_t piece_bytes = 65536;

json to_json(const Measured& measured) {
  return {
      {"threads", measured.threads}, {"median_ms", measured.median_ms}, {"per_s", measured.per_s}};
}

std::vector<float> read_input(const std::string& path) {
  std::vector<float> planes(worker::input_floats);
  if (path.empty()) {
    // Any ordinary values will do, because they don't affect the speed of a convolution.
    for (std::size_t i = 0; i < planes.size(); ++i)
      planes[i] = static_cast<float>(i % 255) / 64 - 2;
    return planes;
  }
  std::ifstream file(path, std::ios::binary);
  const auto bytes = static_cast<std::streamsize>(planes.size() * sizeof(float));
  file.read(reinterpret_cast<char*>(planes.data()), bytes);
  if (file.gcount() != bytes)
    throw std::runtime_error(path + " doesn't hold 3x224x224 float32 values");
  return planes;
}

std::vector<std::byte> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file || text.empty()) throw std::runtime_error(path + " can't be read");
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

json measure_forward(const Options& options) {
  const worker::Squeezenet network(worker::load_model_file(options.model),
                                   {.precision = options.precision, .threads = 2});
  const std::vector<float> input = read_input(options.input);
  const std::span<const float, worker::input_floats> planes(input);
  const auto forward = [&] {
    return options.shared ? network.forward(planes, [] { return true; }) : network.forward(planes);
  };
  json value = to_json(options.measured([&] { static_cast<void>(forward()); }));
  const std::vector<float> logits = forward();
  value["top1"] = std::max_element(logits.begin(), logits.end()) - logits.begin();
  return value;
}

/// Measures each task of the forward pass, in order, on one thread.
json measure_layers(const Options& options) {
  using Clock = std::chrono::steady_clock;
  worker::use_one_thread();
  const worker::ModelFile file = worker::load_model_file(options.model);
  const worker::ForwardPlan plan(file, worker::recognize_squeezenet(file),
                                 {.precision = options.precision});
  worker::ForwardPlan::Workspace workspace(plan);
  const std::vector<float> input = read_input(options.input);
  std::vector<std::vector<double>> times_ms;
  const auto forward = [&] {
    plan.set_input(workspace, std::span<const float, worker::input_floats>(input));
    std::size_t next = 0;
    for (std::size_t step = 0; step < plan.step_count(); ++step) {
      for (std::size_t task = 0; task < plan.task_count(step); ++task, ++next) {
        const auto begin = Clock::now();
        plan.run_task(workspace, step, task);
        if (times_ms.size() == next) times_ms.emplace_back();
        times_ms[next].push_back(
            std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
      }
    }
  };
  static_cast<void>(bench::measure(1, std::chrono::duration<double>(options.seconds), forward));
  json layers = json::array();
  for (std::size_t step = 0; step < plan.step_count(); ++step) {
    for (std::size_t task = 0; task < plan.task_count(step); ++task) {
      layers.push_back({{"name", plan.task_name(step, task)},
                        {"median_ms", bench::median(times_ms[layers.size()])}});
    }
  }
  return {{"layers", layers}};
}

/// Turns an image message into the image's bytes, as a worker's connection does.
std::vector<std::byte> receive(const protocol::EncodedImage& image) {
  protocol::MessageReader reader(protocol::request_text_bytes_max);
  reader.begin_image(image.text_length(), /*keep=*/true);
  std::string_view rest = image.message();
  while (true) {
    const std::string_view piece = rest.substr(0, piece_bytes);
    reader.append(piece);
    rest.remove_prefix(piece.size());
    protocol::Message message = reader.next();
    if (auto* received = std::get_if<protocol::ImageMessage>(&message)) {
      if (!received->intact) throw std::runtime_error("the checksum is wrong");
      return std::move(received->bytes);
    }
    if (rest.empty()) throw std::runtime_error("the image message is incomplete");
  }
}

json measure_receive(const Options& options) {
  const protocol::EncodedImage image(read_file(options.image));
  return to_json(options.measured([&] { static_cast<void>(receive(image)); }));
}

json measure_encode(const Options& options) {
  const std::vector<std::byte> file = read_file(options.image);
  return to_json(options.measured([&] { const protocol::EncodedImage image(file); }));
}

json measure_pipeline(const Options& options) {
  worker::NetworkRecognizer recognizer(worker::make_squeezenet_model(
      worker::load_model_file(options.model),
      worker::parse_labels(worker::data::imagenet_labels_txt, "the built-in labels")));
  const protocol::EncodedImage image(read_file(options.image));
  std::mutex mutex;
  std::vector<double> decode_ms, resize_ms, forward_ms;
  std::string label;
  const auto recognize = [&] {
    const protocol::Result result = recognizer.recognize(receive(image), protocol::top_default);
    static_cast<void>(protocol::format_result(result, protocol::Dialect::extended));
    const auto* seen = std::get_if<protocol::Recognition>(&result);
    if (!seen) throw std::runtime_error(options.image + " can't be recognized");
    const std::lock_guard lock(mutex);
    label = seen->top.front().label;
    decode_ms.push_back(seen->times->decode_ms);
    resize_ms.push_back(seen->times->resize_ms);
    forward_ms.push_back(seen->times->forward_ms);
  };
  json value = to_json(options.measured(recognize));
  value["decode_ms"] = bench::median(decode_ms);
  value["resize_ms"] = bench::median(resize_ms);
  value["forward_ms"] = bench::median(forward_ms);
  value["label"] = label;
  return value;
}

json measure_floors(const Options& options) {
  const bench::Floors floors = bench::measure_floors();
  json value = {{"gflop_per_s", floors.gflop_per_s}, {"memory_gb_per_s", floors.memory_gb_per_s}};
  if (options.image.empty()) return value;
  const std::vector<std::byte> file = read_file(options.image);
  value["huffman_ms"] = bench::measure_huffman_decoding_ms(file);
  const auto decoded = worker::decode_image(file, {}, {.only_crop = true});
  const auto* image = std::get_if<worker::DecodedImage>(&decoded);
  if (!image) throw std::runtime_error(options.image + " can't be decoded");
  value["decoded_bytes"] = image->pixels.rgb.size();
  return value;
}

/// Makes the network's input from the image, decoded in turns in this process and in a decoder
/// process, whole and only the crop. Each turn keeps its buffers for the next, as a worker does.
json measure_isolation(const Options& options) {
  io::keep_freed_blocks();
  const std::vector<std::byte> file = read_file(options.image);
  worker::DecoderProcesses processes(
      std::filesystem::read_symlink("/proc/self/exe").replace_filename("samoyed-decoder"), 1, {},
      {});
  json value;
  for (const bool only_crop : {false, true}) {
    std::vector<double> here_ms;
    std::vector<double> there_ms;
    std::vector<std::uint8_t> memory;
    worker::Resizer resizer;
    const auto timed = [&](std::vector<double>& times, const auto& decode) {
      const auto start = std::chrono::steady_clock::now();
      auto result = decode();
      auto* const image = std::get_if<worker::DecodedImage>(&result);
      if (!image) throw std::runtime_error(options.image + " can't be decoded");
      static_cast<void>(resizer.resize_and_crop(*image));
      const std::chrono::duration<double, std::milli> took =
          std::chrono::steady_clock::now() - start;
      memory = std::move(image->pixels.rgb);
      times.push_back(took.count());
    };
    const worker::DecodeOptions how{.only_crop = only_crop};
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::duration<double>(options.seconds);
    while (here_ms.size() < 5 || std::chrono::steady_clock::now() < end) {
      timed(here_ms, [&] { return worker::decode_image(file, {}, how, std::move(memory)); });
      timed(there_ms, [&] { return processes.decode(file, {}, how, std::move(memory)); });
    }
    const double here = bench::median(here_ms);
    const double there = bench::median(there_ms);
    value[only_crop ? "crop" : "whole"] = {{"images", here_ms.size()},
                                           {"here_ms", here},
                                           {"in_decoder_ms", there},
                                           {"extra_ms", there - here}};
  }
  return value;
}

struct Measure {
  const char* name;
  json (*run)(const Options& options);
};
constexpr Measure measures[] = {{"forward", measure_forward},    {"layers", measure_layers},
                                {"receive", measure_receive},    {"encode", measure_encode},
                                {"pipeline", measure_pipeline},  {"floors", measure_floors},
                                {"isolation", measure_isolation}};

void add_options(CLI::App& app, Options& options) {
  std::vector<std::string> names;
  for (const Measure& one : measures) names.emplace_back(one.name);
  app.option_defaults()->always_capture_default();
  app.add_option("MEASURE", options.measure,
                 "What to measure. forward: the network alone; layers: each of its layers; "
                 "receive: base64 and checksum, as a worker decodes them; encode: the same, as a "
                 "client encodes them; pipeline: from an image message to five labels; floors: the "
                 "best that a core can do, and the minimum time for IMAGE; isolation: decoding in "
                 "this process and in a decoder process")
      ->required()
      ->check(CLI::IsMember(names));
  app.add_option("IMAGE", options.image,
                 "Image file, for receive, encode, pipeline, floors and isolation");
  app.add_option("--model", options.model, "Model file");
  app.add_option("--input", options.input,
                 "Input for forward and layers: a file of raw float32 values, 3x224x224");
  app.add_option("--threads", options.threads, "Number of threads, each with its own image")
      ->check(CLI::Range(1, 1024));
  app.add_flag("--shared", options.shared,
               "For forward: compute one image on two threads if that is faster");
  const std::map<std::string, worker::Precision> precisions{{"fp32", worker::Precision::fp32},
                                                            {"bf16", worker::Precision::bf16}};
  app.add_option("--precision", options.precision, "Precision for forward and layers")
      ->transform(CLI::CheckedTransformer(precisions));
  app.add_option("--warm-up-calls", options.warm_up_calls,
                 "Unmeasured calls per thread before measuring")
      ->check(CLI::Range(0, 1000));
  app.add_option("--seconds", options.seconds, "How long to measure")
      ->check(CLI::Range(0.01, 3600.0));
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Measures a part of the worker in one process and prints one JSON object."};
  add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  try {
    for (const Measure& one : measures) {
      if (one.name == options.measure) std::cout << one.run(options) << std::endl;
    }
  } catch (const std::exception& error) {
    std::cerr << "samoyed_bench: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
