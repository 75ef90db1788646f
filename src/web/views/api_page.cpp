#include "web/views/api_page.hpp"

#include <nlohmann/json.hpp>

#include "samoyed_web_files.hpp"
#include "web/views/template.hpp"

namespace samoyed::web {
namespace {

using Json = nlohmann::ordered_json;

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

Html parameters_of(const Json& operation) {
  Html list;
  for (const Json& parameter : operation.value("parameters", Json::array())) {
    const std::string place = parameter.at("in").get<std::string>();
    const std::string mark = place == "query" ? "?" : "";
    list += Html::fill(files::api_parameter_html,
                       {{"name", mark + parameter.at("name").get<std::string>()},
                        {"description", parameter.value("description", "")}});
  }
  return list;
}

/// All operations with that tag, in the document's order.
Html operations_of(const Json& paths, const std::string& tag) {
  Html list;
  for (const auto& [path, operations] : paths.items()) {
    for (const auto& [method, operation] : operations.items()) {
      if (operation.at("tags").front() != tag) continue;
      list += Html::fill(files::api_operation_html,
                         {{"method", upper(method)},
                          {"path", path},
                          {"summary", operation.at("summary").get<std::string>()},
                          {"description", operation.value("description", "")},
                          {"parameters", parameters_of(operation)}});
    }
  }
  return list;
}

Html content() {
  const Json document = Json::parse(files::openapi_json);
  Html groups;
  for (const Json& tag : document.at("tags")) {
    const auto name = tag.at("name").get<std::string>();
    groups += Html::fill(files::api_group_html,
                         {{"name", name},
                          {"description", tag.at("description").get<std::string>()},
                          {"operations", operations_of(document.at("paths"), name)}});
  }
  return Html::fill(files::api_html,
                    {{"description", document.at("info").at("description").get<std::string>()},
                     {"groups", groups}});
}

}  // namespace

std::string api_page(const WorkersView& workers) {
  // The same each time, so it is made once.
  static const Html shown = content();
  return whole_page({.title = "The API", .tab = Tab::api}, shown, workers);
}

}  // namespace samoyed::web
