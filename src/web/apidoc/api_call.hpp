#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace samoyed::web {

/// An example of a call of the API: everything that a client has to send, and what it gets.
struct ApiCall {
  enum class Body {
    none,
    file,  ///< The bytes of an image file.
    form,  ///< A form with an image file.
    text,  ///< `body` as it is.
    json,  ///< `body` is JSON.
  };
  enum class Answer {
    text,
    json,
    file,    ///< Something to store: `file_name`.
    stream,  ///< Events.
  };
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers = {};
  Body body_kind = Body::none;
  std::string body = {};
  Answer answer = Answer::text;
  std::string file_name = {};
};

/// The image file that examples send.
inline constexpr std::string_view example_file = "dog.jpg";

/// Makes the call of an operation of an OpenAPI document from its examples: those of the
/// parameters, and of the body. `method` is in capitals.
ApiCall api_call(std::string_view site, const std::string& path, const std::string& method,
                 const nlohmann::ordered_json& operation);

}  // namespace samoyed::web
