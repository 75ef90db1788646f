#include "worker/sandbox/decoder_child.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <new>
#include <poll.h>
#include <string>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>
#include <variant>

#include "worker/image/resize.hpp"
#include "worker/sandbox/decode_exchange.hpp"

namespace samoyed::worker {
namespace {

/// After this long without a request the process returns the memory that it keeps for the next one.
constexpr int idle_ms = 1000;
/// Of the segment, this much is kept.
constexpr std::size_t kept_segment_bytes = std::size_t{8} << 20;

// read and write, because the child's filter allows no other transfer.

bool read_all(int socket, std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = read(socket, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return true;
}

bool write_all(int socket, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = write(socket, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return true;
}

/// From now on the process may use that much CPU time; 0 for any amount.
void limit_cpu_time(std::uint64_t ms) {
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(ms / 1000);
  timer.it_value.tv_usec = static_cast<suseconds_t>(ms % 1000 * 1000);
  setitimer(ITIMER_PROF, &timer, nullptr);
}

/// The socket that answer_too_slow writes to. A signal handler can't be given anything.
int signal_socket = -1;

/// Runs when the CPU time is used up, anywhere in a decoder: answers, and ends the process.
void answer_too_slow(int) {
  const DecodeReply reply{.magic = exchange_magic,
                          .refused = 1,
                          .reason = protocol::RefusalReason::too_slow,
                          .detail_bytes = 0};
  // If this fails, the worker has gone.
  (void)!write(signal_socket, &reply, sizeof reply);
  _exit(EXIT_SUCCESS);
}

protocol::Refusal too_much_memory() {
  return {protocol::RefusalReason::too_many_pixels,
          "Decoding the image takes more memory than is allowed."};
}

bool send_refusal(int socket, const protocol::Refusal& refusal) {
  const std::size_t size = std::min(refusal.detail.size(), detail_bytes_max);
  const DecodeReply reply{.magic = exchange_magic,
                          .refused = 1,
                          .reason = refusal.reason,
                          .detail_bytes = static_cast<std::uint32_t>(size)};
  return write_all(socket, std::as_bytes(std::span(&reply, 1))) &&
         write_all(socket, std::as_bytes(std::span(refusal.detail).first(size)));
}

/// `pixels` are those of the image, or the network's input that is made from it.
bool send_image(int socket, const DecodedImage& image, const Image& pixels,
                std::span<std::byte> segment) {
  if (pixels.rgb.size() > segment.size()) return send_refusal(socket, too_much_memory());
  std::memcpy(segment.data(), pixels.rgb.data(), pixels.rgb.size());
  const DecodeReply reply{.magic = exchange_magic,
                          .full = image.full,
                          .decoded = image.decoded,
                          .orientation = image.orientation,
                          .truncated = image.truncated,
                          .pixels = {pixels.width, pixels.height}};
  return write_all(socket, std::as_bytes(std::span(&reply, 1)));
}

/// Waits for a request. Meanwhile returns memory, once, if none arrives soon.
void wait_for_request(int socket, std::span<std::byte> segment) {
  pollfd waiting{socket, POLLIN, 0};
  if (poll(&waiting, 1, idle_ms) != 0) return;
  malloc_trim(0);
  const auto surplus = segment.subspan(kept_segment_bytes);
  madvise(surplus.data(), surplus.size(), MADV_REMOVE);
}

/// Answers one request. Returns false if the worker has gone or sent nonsense.
bool serve_one(int socket, std::span<std::byte> segment, DecodeFunction decode, Resizer& resizer) {
  DecodeRequest request;
  if (!read_all(socket, std::as_writable_bytes(std::span(&request, 1)))) return false;
  const std::size_t offset = pixels_offset(request.file_bytes);
  if (request.magic != exchange_magic || offset > segment.size()) return false;
  const auto file = segment.first(request.file_bytes);
  limit_cpu_time(request.cpu_ms_max);
  DecodeResult result;
  const Image* pixels = nullptr;
  try {
    result = decode(file, request.limits, request.options, {});
    if (const auto* const image = std::get_if<DecodedImage>(&result)) {
      pixels = request.options.only_crop
                   ? &resizer.resize_and_crop(*image, request.options.crop_spec)
                   : &image->pixels;
    }
  } catch (const std::bad_alloc&) {
    result = too_much_memory();
  }
  limit_cpu_time(0);
  if (const auto* refusal = std::get_if<protocol::Refusal>(&result)) {
    return send_refusal(socket, *refusal);
  }
  std::byte copied{};
  return send_image(socket, std::get<DecodedImage>(result), *pixels, segment.subspan(offset)) &&
         read_all(socket, std::span(&copied, 1));
}

}  // namespace

void answer_on_cpu_limit(int socket) {
  signal_socket = socket;
  struct sigaction action {};
  action.sa_handler = answer_too_slow;
  sigaction(SIGPROF, &action, nullptr);
}

void serve_decodes(int socket, std::span<std::byte> segment, DecodeFunction decode) noexcept {
  Resizer resizer;
  do {
    wait_for_request(socket, segment);
  } while (serve_one(socket, segment, decode, resizer));
}

}  // namespace samoyed::worker
