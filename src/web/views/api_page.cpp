#include "web/views/api_page.hpp"

#include <nlohmann/json.hpp>

#include "samoyed_web_files.hpp"
#include "web/views/page_template.hpp"

namespace samoyed::web {
namespace {

using Json = nlohmann::ordered_json;

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::vector<Values> parameters_of(const Json& operation) {
  std::vector<Values> list;
  for (const Json& parameter : operation.value("parameters", Json::array())) {
    const std::string place = parameter.at("in").get<std::string>();
    const std::string mark = place == "query" ? "?" : "";
    list.push_back({{"name", mark + parameter.at("name").get<std::string>()},
                    {"description", parameter.value("description", "")}});
  }
  return list;
}

/// Returns the operations with that tag, in the document's order.
std::vector<Values> operations_of(const Json& paths, const std::string& tag) {
  std::vector<Values> list;
  for (const auto& [path, operations] : paths.items()) {
    for (const auto& [method, operation] : operations.items()) {
      if (operation.at("tags").front() != tag) continue;
      list.push_back({{"method", upper(method)},
                      {"path", path},
                      {"summary", operation.at("summary").get<std::string>()},
                      {"description", operation.value("description", "")},
                      {"parameters", parameters_of(operation)}});
    }
  }
  return list;
}

Html content() {
  static const Template api = page_template(files::api_html);
  const Json document = Json::parse(files::openapi_json);
  std::vector<Values> groups;
  for (const Json& tag : document.at("tags")) {
    const auto name = tag.at("name").get<std::string>();
    groups.push_back({{"name", name},
                      {"description", tag.at("description").get<std::string>()},
                      {"operations", operations_of(document.at("paths"), name)}});
  }
  return api.fill({{"description", document.at("info").at("description").get<std::string>()},
                   {"groups", std::move(groups)}});
}

}  // namespace

std::string openapi_json(std::string_view base_path) {
  constexpr std::string_view root = R"("url": "/")";
  std::string text(files::openapi_json);
  if (base_path.empty()) return text;
  return text.replace(text.find(root), root.size(), R"("url": ")" + std::string(base_path) + '"');
}

std::string api_page(const WorkersView& workers) {
  // The document never changes, so it is parsed only once.
  static const Html shown = content();
  return whole_page({.title = "API", .tab = Tab::api}, shown, workers);
}

}  // namespace samoyed::web
