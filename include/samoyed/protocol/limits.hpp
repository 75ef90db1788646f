#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace samoyed::protocol {

/// Longest complete size or hello message that a worker reads before it rejects the peer. The
/// longest valid one is under 64 bytes.
inline constexpr std::size_t request_text_bytes_max = 256;

/// Longest complete result or hello reply that a client reads. As JSON, 1000 labels with their
/// names and numbers take about 80 kB.
inline constexpr std::size_t result_text_bytes_max = std::size_t{1} << 20;

/// Longest name of a model that anyone may give: a worker in its hello, or a client in a request.
/// Every list of workers repeats the names.
inline constexpr std::size_t model_name_bytes_max = 256;

/// Largest image file that a worker accepts unless configured otherwise.
inline constexpr std::uint64_t image_bytes_max_default = std::uint64_t{32} << 20;

/// An image over the worker's limit, but not over this many times the limit, is read and dropped,
/// so that its sender still gets an answer. A longer one ends the connection.
inline constexpr std::uint64_t drain_factor = 4;

/// How long receiving an image may take before the image has to make room for others, once the
/// images being received reach their shared limit. Enough for 32 MiB at 50 Mbit/s.
inline constexpr std::chrono::milliseconds receiving_grace{5000};

/// How many bytes a worker reads from a client while its image is being recognized. A client
/// normally sends nothing then. If it sends more, the worker reads the rest after the result, and
/// no longer notices if the client disconnects.
inline constexpr std::size_t early_bytes_max = 4096;

/// How many times one message may be refused (N) before the connection is closed.
inline constexpr int refusals_max = 3;

/// Minimum pause between the image's A and the result on a connection without hello. A reference
/// client that reads both at once never sees the result. The pause is long enough for a client that
/// has to wait for a CPU core between the two (PROTOCOL.md, Compatibility with the reference
/// peers).
inline constexpr std::chrono::milliseconds result_gap{20};

/// Maximum number of copies of a result that a worker writes on a connection without hello until
/// the result is acknowledged. No pause is always long enough for a reference client that waits for
/// a CPU core: if it reads the image's A and the result at once, it takes both for the A and still
/// waits for a result.
inline constexpr int result_copies_max = 4;

/// The time between two of these copies.
inline constexpr std::chrono::milliseconds result_repeat_interval{1000};

/// How long a worker waits on a connection without hello for the second copy of an image that it
/// refused. Reference clients send a refused message twice.
inline constexpr std::chrono::milliseconds second_copy_wait{200};

/// Number of labels in an answer if the client didn't ask for a number, and for every client
/// without hello.
inline constexpr int top_default = 5;

/// Largest number of labels that a client may ask for.
inline constexpr int top_max = 1000;

}  // namespace samoyed::protocol
