// A labels file: every accepted label can be sent in a result.

#include "worker/model/labels.hpp"

#include <stdexcept>

#include "fuzz/check.hpp"
#include "samoyed/protocol/wire.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  using namespace samoyed::protocol;
  std::vector<std::string> labels;
  try {
    labels = samoyed::worker::parse_labels(as_text(data, size), "labels.txt");
  } catch (const std::runtime_error& error) {
    const std::string_view what = error.what();
    check(what.starts_with("labels.txt") && what.find('\n') == what.npos, "an error is one line");
    return 0;
  }
  check(!labels.empty(), "a labels file has labels");
  for (const std::string& label : labels) {
    for (const Dialect dialect : {Dialect::plain, Dialect::extended}) {
      const Recognition recognition{.top = {{label, std::nullopt, 0.5}}, .times = std::nullopt};
      const auto result = parse_result(format_result(recognition, dialect), dialect);
      check(result == Result(recognition), "a label survives formatting and parsing of a result");
    }
  }
  return 0;
}
