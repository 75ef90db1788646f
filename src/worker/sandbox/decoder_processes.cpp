#include "worker/sandbox/decoder_processes.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/sandbox/address_space.hpp"
#include "worker/sandbox/decode_exchange.hpp"
#include "worker/sandbox/decoder_program.hpp"

namespace samoyed::worker {
namespace {

using Clock = std::chrono::steady_clock;

/// Starting a process takes about a millisecond.
constexpr std::chrono::seconds start_time_max{10};

/// Starts the program with `control` as its descriptor of that name. Returns 0 or an error number.
int spawn(const std::filesystem::path& program, const Descriptor& control,
          const DecoderArguments& arguments) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, control.get(), control_descriptor);
  std::string path = program.string();
  std::string segment = std::to_string(arguments.segment_bytes);
  std::string memory = std::to_string(arguments.memory_bytes_max);
  char* const words[] = {path.data(), segment.data(), memory.data(), nullptr};
  char* const no_environment[] = {nullptr};
  pid_t process = 0;
  const int error = posix_spawn(&process, path.c_str(), &actions, nullptr, words, no_environment);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

protocol::Refusal refuse(protocol::RefusalReason reason, std::string detail) {
  return {reason, std::move(detail)};
}

protocol::Refusal ended() {
  return refuse(protocol::RefusalReason::unreadable,
                "The image's decoder failed, or took too much time. The image may be damaged.");
}

/// Copies the pixels of a sound reply: the network's input, or the whole image. `memory` is reused
/// if it is large enough.
DecodedImage copy_image(const DecodeReply& reply, bool is_input, std::span<const std::byte> stored,
                        std::vector<std::uint8_t> memory) {
  const std::size_t bytes = static_cast<std::size_t>(reply.pixels.width) *
                            static_cast<std::size_t>(reply.pixels.height) * 3;
  const auto* const pixels = reinterpret_cast<const std::uint8_t*>(stored.data());
  if (memory.capacity() < bytes) memory = {};
  memory.assign(pixels, pixels + bytes);
  return {.full = reply.full,
          .decoded = reply.decoded,
          .orientation = reply.orientation,
          .pixels = {reply.pixels.width, reply.pixels.height, std::move(memory)},
          .is_input = is_input,
          .truncated = reply.truncated == 1};
}

/// Receives the detail of a refusal.
std::optional<protocol::Refusal> receive_refusal(int socket, const DecodeReply& reply,
                                                 Deadline deadline) {
  std::string detail(reply.detail_bytes, '\0');
  if (!receive_all(socket, std::as_writable_bytes(std::span(detail)), deadline)) return {};
  if (reply.reason == protocol::RefusalReason::too_slow && detail.empty()) {
    detail = "Decoding the image takes too much processor time. Send a smaller image.";
  }
  return refuse(reply.reason, std::move(detail));
}

}  // namespace

DecoderProcesses::Segment::Segment(const Descriptor& file, std::size_t bytes) {
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), /*offset=*/0);
  if (memory != MAP_FAILED) bytes_ = {static_cast<std::byte*>(memory), bytes};
}

DecoderProcesses::Segment::~Segment() {
  if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

DecoderProcesses::Child::Child(Descriptor socket_to_it, Segment shared, Descriptor its_pidfd)
    : socket(std::move(socket_to_it)), segment(std::move(shared)), pidfd(std::move(its_pidfd)) {}

DecoderProcesses::Child::~Child() {
  if (pidfd) syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
}

bool DecoderProcesses::Child::has_ended() const {
  pollfd state{socket.get(), POLLIN, 0};  // An idle process says nothing.
  return poll(&state, 1, 0) != 0;
}

DecoderProcesses::DecoderProcesses(const std::filesystem::path& program, std::size_t count,
                                   const DecodeLimits& decode, const IsolationLimits& limits)
    : limits_(limits), segment_bytes_(segment_bytes(decode, limits.image_bytes_max)) {
  auto [own_end, its_end] = make_socket_pair();
  control_ = std::move(own_end);
  const DecoderArguments arguments{.segment_bytes = segment_bytes_,
                                   .memory_bytes_max = decode.memory_bytes_max + segment_bytes_};
  const auto fail = [&](const std::string& why) {
    return std::runtime_error("can't start " + program.string() + ": " + why);
  };
  if (const int error = spawn(program, its_end, arguments)) {
    throw fail(std::string(std::strerror(error)) + "; it belongs beside samoyed-worker");
  }
  its_end = {};
  for (std::size_t i = 0; i < count; ++i) {
    auto child = start_child();
    if (!child) {
      const auto limit = address_space_max();
      throw fail(limit ? address_space_text(*limit) : "it starts no decoder process");
    }
    give_back(std::move(child));
  }
}

std::unique_ptr<DecoderProcesses::Child> DecoderProcesses::start_child() {
  const std::lock_guard lock(control_mutex_);
  const auto deadline = Clock::now() + start_time_max;
  const std::byte command{};
  if (!send_all(control_.get(), std::span(&command, 1), deadline)) return nullptr;
  auto descriptors = receive_descriptors(control_.get(), 3, deadline);
  if (!descriptors) return nullptr;
  Segment segment((*descriptors)[1], segment_bytes_);
  if (segment.bytes().empty()) return nullptr;
  return std::make_unique<Child>(std::move((*descriptors)[0]), std::move(segment),
                                 std::move((*descriptors)[2]));
}

std::unique_ptr<DecoderProcesses::Child> DecoderProcesses::take() {
  while (true) {
    std::unique_ptr<Child> child;
    {
      const std::lock_guard lock(mutex_);
      if (idle_.empty()) break;
      child = std::move(idle_.back());
      idle_.pop_back();
    }
    if (!child->has_ended()) return child;
  }
  return start_child();
}

void DecoderProcesses::give_back(std::unique_ptr<Child> child) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(child));
}

DecodeResult DecoderProcesses::decode(std::span<const std::byte> file, const DecodeLimits& limits,
                                      const DecodeOptions& options,
                                      std::vector<std::uint8_t> memory) {
  if (file.size() > limits_.image_bytes_max) {
    return refuse(protocol::RefusalReason::too_large, "The file is too large for its decoder.");
  }
  auto child = take();
  if (!child) {
    return refuse(protocol::RefusalReason::internal, "The worker can't start a decoder.");
  }
  const auto deadline = Clock::now() + limits_.time_max;
  const DecodeRequest request{.magic = exchange_magic,
                              .limits = limits,
                              .options = options,
                              .cpu_ms_max = static_cast<std::uint64_t>(limits_.cpu_max.count()),
                              .file_bytes = file.size()};
  DecodeReply reply;
  const auto shared = child->segment.bytes();
  std::copy(file.begin(), file.end(), shared.begin());
  // A child that isn't given back is killed; `take` starts another one in its place.
  if (!send_all(child->socket.get(), std::as_bytes(std::span(&request, 1)), deadline) ||
      !receive_all(child->socket.get(), std::as_writable_bytes(std::span(&reply, 1)), deadline) ||
      !is_sound(reply, request)) {
    return ended();
  }
  DecodeResult result;
  if (reply.refused == 1) {
    auto refusal = receive_refusal(child->socket.get(), reply, deadline);
    if (!refusal) return ended();
    // A process whose CPU time is used up says so without a detail, and ends.
    if (reply.detail_bytes == 0) return std::move(*refusal);
    result = std::move(*refusal);
  } else {
    result = copy_image(reply, options.only_crop, shared.subspan(pixels_offset(file.size())),
                        std::move(memory));
    const std::byte copied{};
    // If this fails, the process has ended, and `take` will notice.
    (void)send_all(child->socket.get(), std::span(&copied, 1), deadline);
  }
  give_back(std::move(child));
  return result;
}

}  // namespace samoyed::worker
