#include "dispatcher/cli.hpp"

#include <chrono>

namespace samoyed::dispatcher {
void add_milliseconds_option(CLI::App& app, const std::string& name,
                             std::chrono::milliseconds& value, const std::string& description) {
  app.add_option_function<int>(
         name, [&value](int count) { value = std::chrono::milliseconds(count); }, description)
      ->check(CLI::Range(1, 3600000))
      ->default_str(std::to_string(value.count()));
}

CLI::Option* add_worker_option(CLI::App& app, std::vector<protocol::Address>& workers) {
  return app
      .add_option_function<std::vector<std::string>>(
          "--worker",
          [&workers](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              const auto address = protocol::parse_address(text);
              if (!address) {
                throw CLI::ValidationError("--worker", "\"" + text +
                                                           "\" is no worker address; expected " +
                                                           std::string(protocol::address_syntax));
              }
              workers.push_back(*address);
            }
          },
          "A worker's HOST:PORT; may be given many times")
      ->allow_extra_args(false)
      ->type_name("HOST:PORT");
}

void add_timeout_options(CLI::App& app, StepTimeouts& timeouts) {
  add_milliseconds_option(app, "--connect-timeout-ms", timeouts.connect,
                          "How long a worker may take to accept a connection");
  add_milliseconds_option(app, "--answer-timeout-ms", timeouts.answer,
                          "How long a worker may take to answer a hello or a size");
  add_milliseconds_option(app, "--image-timeout-ms", timeouts.image,
                          "How long the transfer of an image to a worker may take");
  add_milliseconds_option(app, "--result-timeout-ms", timeouts.result,
                          "How long a worker may take from the image to its result");
}

}  // namespace samoyed::dispatcher
