#include <cerrno>

#include <asio/error.hpp>
#include <catch2/catch.hpp>

#include "dispatcher/worker_connection.hpp"

using namespace samoyed::dispatcher;

TEST_CASE("What this machine lacks is told from what a worker does, in each category of errors") {
  for (const int code : {EMFILE, ENFILE, ENOMEM, ENOBUFS}) {
    CAPTURE(code);
    // Asio's sockets give the third kind.
    CHECK(is_lack_of_resources({code, std::generic_category()}));
    CHECK(is_lack_of_resources({code, std::system_category()}));
    CHECK(is_lack_of_resources({code, asio::error::get_system_category()}));
  }
  for (const int code : {ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ECANCELED}) {
    CAPTURE(code);
    CHECK_FALSE(is_lack_of_resources({code, std::generic_category()}));
    CHECK_FALSE(is_lack_of_resources({code, asio::error::get_system_category()}));
  }
  CHECK_FALSE(is_lack_of_resources({}));
}
