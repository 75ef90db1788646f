#pragma once

/// The program samoyed-announcer, which a worker starts before it gives up its right to connect. It
/// never sees an image.
///
///     worker                            samoyed-announcer
///       |                                   |
///       | --- HOST:PORT and a newline --->  |  adds the worker to the dispatcher's list, at once
///       |                                   |  and whenever it is missing there
///       | --- withdraw_byte ------------->  |  removes it from the list
///       | <-- end of stream --------------  |
///
/// If the worker ends without that byte, the dispatcher finds out by itself.
namespace samoyed::worker {

/// The descriptor of the socket to the worker.
inline constexpr int announcer_socket = 3;

inline constexpr char withdraw_byte = 'w';

/// The `main` of samoyed-announcer. The arguments are those of `announcer_words`.
int announcer_main(int argc, char** argv);

}  // namespace samoyed::worker
