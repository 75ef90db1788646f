#include "samoyed/io/program.hpp"

#include <filesystem>
#include <stdexcept>

#include <catch2/catch.hpp>

using namespace samoyed::io;

TEST_CASE("a failed startup prints a sentence that says what to do, not an exception's name") {
  const std::filesystem::filesystem_error error("cannot get file size", "/etc",
                                                std::make_error_code(std::errc::is_a_directory));
  CHECK(describe_startup_failure(error) ==
        "can't use /etc (Is a directory): choose another file or folder, or let this user read and "
        "write it");
  CHECK(describe_startup_failure(std::runtime_error("port 80 is in use")) == "port 80 is in use");
}
