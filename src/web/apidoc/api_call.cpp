#include "web/apidoc/api_call.hpp"

namespace samoyed::web {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& example) {
  return example.is_string() ? example.get<std::string>() : example.dump();
}

/// Replaces the parameters in the path by their examples, and adds those of the query.
std::string target_of(std::string target, const Json& operation) {
  char separator = '?';
  for (const Json& parameter : operation.value("parameters", Json::array())) {
    if (!parameter.contains("example")) continue;
    const std::string name = parameter.at("name");
    const std::string example = text_of(parameter.at("example"));
    if (parameter.at("in") == "path") {
      const std::string placeholder = "{" + name + "}";
      target.replace(target.find(placeholder), placeholder.size(), example);
    } else if (parameter.at("in") == "query") {
      target += separator + name + "=" + example;
      separator = '&';
    }
  }
  return target;
}

void add_body(ApiCall& call, const Json& content) {
  if (content.contains("image/*")) {
    call.headers.emplace_back("Content-Type", "image/jpeg");
    call.body_kind = ApiCall::Body::file;
  } else if (content.contains("multipart/form-data")) {
    call.body_kind = ApiCall::Body::form;
  } else if (content.contains("application/json")) {
    call.headers.emplace_back("Content-Type", "application/json");
    call.body_kind = ApiCall::Body::json;
    call.body = content.at("application/json").at("example").dump();
  } else if (content.contains("application/x-www-form-urlencoded")) {
    call.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    call.body_kind = ApiCall::Body::text;
    for (const auto& [name, value] :
         content.at("application/x-www-form-urlencoded").at("example").items()) {
      call.body += (call.body.empty() ? "" : "&") + name + "=" + text_of(value);
    }
  }
}

void add_answer(ApiCall& call, const Json& content, const std::string& path) {
  if (content.contains("text/event-stream")) {
    call.answer = ApiCall::Answer::stream;
  } else if (content.contains("text/csv") || content.contains("image/jpeg")) {
    call.answer = ApiCall::Answer::file;
    call.file_name = path.substr(path.rfind('/') + 1);
  } else if (content.contains("application/json")) {
    call.answer = ApiCall::Answer::json;
    // An address that has pages too.
    if (content.contains("text/html")) call.headers.emplace_back("Accept", "application/json");
  }
}

}  // namespace

ApiCall api_call(std::string_view site, const std::string& path, const std::string& method,
                 const Json& operation) {
  ApiCall call{.method = method, .url = std::string(site) + target_of(path, operation)};
  if (operation.contains("requestBody")) add_body(call, operation.at("requestBody").at("content"));
  const Json& responses = operation.at("responses");
  const Json content =
      responses.contains("200")   ? responses.at("200").value("content", Json::object())
      : responses.contains("202") ? responses.at("202").value("content", Json::object())
                                  : Json::object();
  add_answer(call, content, path);
  return call;
}

}  // namespace samoyed::web
