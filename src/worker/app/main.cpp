#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "samoyed/io/allocator.hpp"
#include "samoyed/io/connection_limits.hpp"
#include "samoyed/io/exit_status.hpp"
#include "samoyed/io/listener.hpp"
#include "samoyed/io/program.hpp"
#include "samoyed/io/signals.hpp"
#include "samoyed_worker_data.hpp"
#include "worker/announce/announcer.hpp"
#include "worker/app/decoding.hpp"
#include "worker/app/options.hpp"
#include "worker/model/labels.hpp"
#include "worker/network/model.hpp"
#include "worker/network/network_recognizer.hpp"
#include "worker/network/precision.hpp"
#include "worker/sandbox/address_space.hpp"
#include "worker/sandbox/sandbox.hpp"
#include "worker/serving/metrics.hpp"
#include "worker/serving/metrics_server.hpp"
#include "worker/serving/null_recognizer.hpp"
#include "worker/serving/recognition_queue.hpp"
#include "worker/serving/server.hpp"
#include "worker/serving/warm_up.hpp"

namespace {

using namespace samoyed;
using namespace samoyed::worker;

#ifdef SAMOYED_CHECKS_ADDRESS_SPACE

/// What the worker needs at least beyond its program and libraries.
constexpr std::uint64_t start_bytes_min = std::uint64_t{512} << 20;

/// Ends the program if there is too little address space to start. With less, LibTorch and OpenBLAS
/// abort or hang.
void check_address_space() {
  const auto limit = address_space_max();
  if (!limit || *limit >= address_space_used() + start_bytes_min) return;
  const std::string line = "samoyed-worker: " + address_space_text(*limit) + "\n";
  const ssize_t ignored = write(STDERR_FILENO, line.data(), line.size());
  (void)ignored;
  _exit(EXIT_FAILURE);
}

/// Runs before the libraries' constructors, some of which allocate memory.
[[gnu::section(".preinit_array"),
  gnu::used]] void (*const before_libraries)() = check_address_space;

#endif

/// Loads the model that --model names. A model that can't be loaded is an UnusableOption, unless
/// the machine lacks something for the moment.
Model load_given_model(const Options& options,
                       const std::function<std::vector<std::string>()>& usual_labels) try {
  if (const auto why = why_unsupported(options.precision)) throw io::UnusableOption(*why);
  return load_model(options.model_file, options.model_card, usual_labels,
                    {.precision = options.precision, .threads = options.queue.threads});
} catch (const std::system_error&) {
  throw;
} catch (const io::UnusableOption&) {
  throw;
} catch (const std::runtime_error& error) {
  throw io::UnusableOption(std::string(error.what()) +
                           "; --model names the file (for a service, MODEL in its settings)");
}

std::unique_ptr<Recognizer> make_recognizer(const Options& options, const Decoding& decoding) {
  const auto imagenet = [] {
    return parse_labels(data::imagenet_labels_txt, "the built-in labels");
  };
  if (options.model_file == NullRecognizer::name) {
    return std::make_unique<NullRecognizer>(labels_of(options.model_card, imagenet));
  }
  auto recognizer = std::make_unique<NetworkRecognizer>(
      load_given_model(options, imagenet),
      ImageHandling{
          .limits = options.decode,
          .apply_exif_orientation = options.apply_exif_orientation,
          .fast_decode = options.fast_decode,
          .accept_truncated = options.accept_truncated,
          .decode = [&decoding](std::span<const std::byte> file, const DecodeLimits& limits,
                                const DecodeOptions& how, std::vector<std::uint8_t> memory) {
            return decoding.decode(file, limits, how, std::move(memory));
          }});
  io::give_back_free_memory();
  spdlog::info("computing in {}", to_string(options.precision));
  return recognizer;
}

std::optional<asio::ip::tcp::acceptor> open_metrics_acceptor(asio::io_context& io,
                                                             const Options& options) {
  if (!options.metrics_port) return std::nullopt;
  return io::open_acceptor(io.get_executor(), options.metrics_address, *options.metrics_port);
}

/// Serves metrics on the thread that runs `io`, until `io` stops. Returns null without an acceptor.
std::unique_ptr<MetricsServer> start_metrics(asio::io_context& io,
                                             std::optional<asio::ip::tcp::acceptor> acceptor,
                                             std::function<std::string()> text) {
  if (!acceptor) return nullptr;
  auto server = std::make_unique<MetricsServer>(std::move(*acceptor), std::move(text),
                                                MetricsServer::Limits{});
  spdlog::info("metrics on http://{}/metrics", server->listening_address());
  asio::co_spawn(io, server->run(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  return server;
}

/// The folders that the files are in, by their names and, if those are links, in truth.
std::vector<std::filesystem::path> folders_of(const io::TlsFiles& files) {
  std::vector<std::filesystem::path> folders;
  for (const auto& file : {files.ca, files.certificate, files.key}) {
    folders.push_back(std::filesystem::absolute(file).parent_path());
    folders.push_back(std::filesystem::canonical(file).parent_path());
  }
  return folders;
}

/// Reads the certificates again at each SIGHUP.
void start_reloading(asio::io_context& io, const std::shared_ptr<io::TlsContext>& tls) {
  if (!tls) return;
  tls->log_expiry();
  asio::co_spawn(io, io::reload_on_hangup(io.get_executor(), [tls] { tls->reload_and_log(); }),
                 [](std::exception_ptr failure) {
                   if (failure) std::rethrow_exception(failure);
                 });
}

/// Confines the process, says so in the log, and returns hello's word for it. Whatever needs a
/// file, a new socket or a new thread must have happened.
std::string confine(const Options& options) {
  const std::vector<std::filesystem::path> no_folders;
  if (!options.sandbox) {
    spdlog::warn("sandbox off: --no-sandbox");
    return Confinement{}.word();
  }
  const Confinement confinement =
      enter_sandbox(options.sandbox_kill ? AtRefusal::kill : AtRefusal::fail,
                    options.tls ? folders_of(options.tls_files) : no_folders);
  const auto level = confinement.lacking.empty() ? spdlog::level::info : spdlog::level::warn;
  spdlog::log(level, "sandbox {}", confinement.text());
  return confinement.word();
}

/// Starts the program that tells a dispatcher of the worker. Returns null without --announce.
std::unique_ptr<Announcer> start_announcer(asio::io_context& io, const Options& options) {
  if (options.announce.url.empty()) return nullptr;
  const auto program =
      std::filesystem::read_symlink("/proc/self/exe").replace_filename("samoyed-announcer");
  return std::make_unique<Announcer>(
      io.get_executor(), program,
      AnnouncerArguments{.options = options.announce, .log_format = options.log_format});
}

/// Returns when no dispatcher sends the worker images any more, as far as it can know.
asio::awaitable<void> turn_dispatchers_away(Server& server, Announcer* announcer,
                                            std::chrono::milliseconds drain_time) {
  server.begin_drain();
  if (announcer != nullptr) co_await announcer->withdraw();
  co_await server.wait_for_drain(drain_time);
}

/// Lowers the numbers of connections to what the limit of descriptors leaves.
ServerLimits within_descriptors(const ServerLimits& limits, std::size_t threads) {
  // For the log, the listeners, the event loop and the like.
  constexpr std::size_t own_descriptors_max = 32;
  // A decoder process has a socket and a handle, and a new one has three until they are kept.
  constexpr std::size_t decoder_descriptors_max = 3;
  return io::fit_to_descriptors(limits, MetricsServer::Limits().connections_max +
                                            own_descriptors_max +
                                            decoder_descriptors_max * threads);
}

void run(const Options& options) try {
  const Decoding decoding(options);
  const auto recognizer = make_recognizer(options, decoding);
  if (const std::string formats = decoding.isolated_formats(); !formats.empty()) {
    spdlog::info("decoding in separate processes: {}", formats);
  }
  const ModelDescription& model = recognizer->description();
  if (!model.trained) spdlog::warn("NOTICE: the network is untrained: its labels mean nothing");

  asio::io_context io(1);
  // Returns memory to the system after a load peak: 30 MB after twice the load that the worker can
  // carry.
  RecognitionQueue queue(*recognizer, options.queue, io::give_back_free_memory);
  if (options.model_file != NullRecognizer::name) warm_up(queue, options.queue.threads);
  Metrics metrics(model);
  auto acceptor = io::open_acceptor(io.get_executor(), options.address, options.port);
  auto metrics_acceptor = open_metrics_acceptor(io, options);
  asio::signal_set signals(io, SIGINT, SIGTERM);
  const auto announcer = start_announcer(io, options);
  const ServerLimits limits = within_descriptors(options.server, options.queue.threads);
  start_reloading(io, options.tls);
  Server server(std::move(acceptor), queue, model, metrics, limits, confine(options), options.tls);
  const auto metrics_text = [&] {
    const RecognitionQueue::Load load = queue.load();
    return metrics.text({.queued = load.queued,
                         .queued_bytes = load.queued_bytes,
                         .recognizing = load.recognizing,
                         .threads = options.queue.threads,
                         .connections = server.connections(),
                         .receiving_bytes = server.receiving_bytes(),
                         .tls = options.tls ? std::optional(options.tls->status()) : std::nullopt,
                         .process = io::read_process()});
  };

  asio::steady_timer drain_deadline(io);
  const auto stop = [&] {
    server.stop();
    drain_deadline.expires_after(options.drain_timeout);
    drain_deadline.async_wait([&](std::error_code canceled) {
      if (canceled) return;
      spdlog::warn("stopping although exchanges are still in progress");
      io.stop();
    });
  };
  io::on_stop_signal(signals, [&] {
    asio::co_spawn(io, turn_dispatchers_away(server, announcer.get(), options.drain_time),
                   [&](std::exception_ptr) { stop(); });
  });

  spdlog::info("{} with {} labels, {} threads", model.name, model.label_count,
               options.queue.threads);
  // Metrics stay available while the worker drains.
  const auto metrics_server = start_metrics(io, std::move(metrics_acceptor), metrics_text);
  spdlog::info("listening on {}", server.listening_address());
  if (announcer) {
    const std::string& given = options.announce.address;
    announcer->announce(given.empty() ? server.listening_address() : given);
  }
  asio::co_spawn(io, server.run(), [&](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
    io.stop();
  });
  asio::co_spawn(io, io::give_back_surplus_memory(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  io.run();
} catch (const std::bad_alloc&) {
  const auto limit = address_space_max();
  throw std::runtime_error(limit ? address_space_text(*limit) : "this machine has no memory left");
}

}  // namespace

int main(int argc, char** argv) {
  io::keep_freed_blocks();
  int exit_status = EXIT_SUCCESS;
  const auto options = parse_options(argc, argv, exit_status);
  if (!options) return exit_status;
  exit_status = io::run_program("samoyed-worker", options->log_format, [&] { run(*options); });
  // If threads of OpenBLAS couldn't be started, exit() would wait for them.
  if (exit_status != EXIT_SUCCESS) std::_Exit(exit_status);
  return EXIT_SUCCESS;
}
