#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace samoyed::protocol {

/// Longest size or hello message, whole, that a worker reads before it refuses the peer. The
/// longest legal one is under 64 bytes.
inline constexpr std::size_t request_text_bytes_max = 256;

/// Longest result or hello reply, whole, that a client reads. 1000 labels with their names and
/// numbers as JSON are about 80 kB.
inline constexpr std::size_t result_text_bytes_max = std::size_t{1} << 20;

/// Largest image file that a worker takes unless configured otherwise.
inline constexpr std::uint64_t image_bytes_max_default = std::uint64_t{32} << 20;

/// An image over the worker's limit is read and dropped up to this many times the limit, so that
/// its sender still gets an answer; a longer one ends the connection.
inline constexpr std::uint64_t drain_factor = 4;

/// How long an image may be on its way before it has to make room for others, if all images that
/// are being received fill their bound: enough for 32 MiB at 50 Mbit/s.
inline constexpr std::chrono::milliseconds receiving_grace{5000};

/// Bytes that a worker reads of what a client sends while its image is recognized, which is nothing
/// but by mistake or in haste. With more it waits for the result first, and no longer notices that
/// the client leaves.
inline constexpr std::size_t early_bytes_max = 4096;

/// Times that one message may be refused (N) before the connection is given up.
inline constexpr int refusals_max = 3;

/// Least pause between the image's A and the result on a connection without hello: a reference
/// client that reads both at once never sees the result. Long enough for one that must wait for a
/// core between the two (PROTOCOL.md, Living with the reference peers).
inline constexpr std::chrono::milliseconds result_gap{20};

/// Copies of a result that a worker writes, on a connection without hello, while it is not
/// acknowledged. No gap is long enough for a reference client that waits for a processor: one that
/// read the image's A and the result at once took both for the A, and still waits for a result.
inline constexpr int result_copies_max = 4;

/// The time from one of these copies to the next.
inline constexpr std::chrono::milliseconds result_repeat_interval{1000};

/// How long a worker waits, on a connection without hello, for the second copy of an image that it
/// had refused: reference clients send a refused message twice.
inline constexpr std::chrono::milliseconds second_copy_wait{200};

/// Labels in an answer where the client asked for no number, and to every client without hello.
inline constexpr int top_default = 5;

/// Most labels that a client may ask for.
inline constexpr int top_max = 1000;

}  // namespace samoyed::protocol
