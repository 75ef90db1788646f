#include "web/apidoc/api_page.hpp"

#include <nlohmann/json.hpp>

#include "samoyed_web_files.hpp"
#include "web/apidoc/api_samples.hpp"
#include "web/apidoc/api_texts.hpp"
#include "web/views/page_template.hpp"

namespace samoyed::web {
namespace {

using Json = nlohmann::ordered_json;

/// The site in the samples. assets/api.js replaces it by the site that the browser shows.
constexpr std::string_view sample_site = "http://localhost:9999";

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::vector<Values> parameters_of(const Json& operation) {
  std::vector<Values> list;
  for (const Json& parameter : operation.value("parameters", Json::array())) {
    const Json& schema = parameter.at("schema");
    list.push_back(
        {{"name", parameter.at("name").get<std::string>()},
         {"place", parameter.at("in").get<std::string>()},
         {"type", type_text(schema)},
         {"default", schema.contains("default") ? example_text(schema.at("default")) : ""},
         {"description", prose_parts(parameter.value("description", ""))}});
  }
  return list;
}

/// Returns the media types of a body, with the fields of a form.
std::vector<Values> bodies_of(const Json& operation) {
  std::vector<Values> list;
  if (!operation.contains("requestBody")) return list;
  for (const auto& [type, content] : operation.at("requestBody").at("content").items()) {
    std::vector<Values> fields;
    const Json schema = content.value("schema", Json::object());
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [name, field] : properties.items()) {
      fields.push_back(
          {{"name", name}, {"description", prose_parts(field.value("description", ""))}});
    }
    list.push_back({{"type", type}, {"fields", std::move(fields)}});
  }
  return list;
}

/// Returns the successful answers. Each has a description, and an example of every media type that
/// has one.
std::vector<Values> answers_of(const Json& operation) {
  std::vector<Values> list;
  for (const auto& [status, response] : operation.at("responses").items()) {
    if (status == "default") continue;
    std::vector<Values> examples;
    std::string types;
    const Json contents = response.value("content", Json::object());
    for (const auto& [type, content] : contents.items()) {
      types += (types.empty() ? "" : ", ") + type;
      if (!content.contains("example")) continue;
      examples.push_back({{"text", example_text(content.at("example"))}});
    }
    list.push_back({{"status", status},
                    {"description", prose_parts(response.value("description", ""))},
                    {"types", types},
                    {"examples", std::move(examples)}});
  }
  return list;
}

std::vector<Values> samples_of(const std::string& path, const std::string& method,
                               const Json& operation) {
  const ApiCall call = api_call(sample_site, path, method, operation);
  const auto sample = [](const char* language, const char* name, std::string text, bool open) {
    return Values{
        {"language", language}, {"name", name}, {"text", std::move(text)}, {"open", open}};
  };
  return {sample("sh", "curl", curl_sample(call), true),
          sample("python", "Python", python_sample(call), false),
          sample("javascript", "JavaScript", javascript_sample(call), false)};
}

/// Returns the operations with that tag, in the document's order.
std::vector<Values> operations_of(const Json& paths, const std::string& tag) {
  std::vector<Values> list;
  for (const auto& [path, operations] : paths.items()) {
    for (const auto& [lower, operation] : operations.items()) {
      if (operation.at("tags").front() != tag) continue;
      const std::string method = upper(lower);
      list.push_back({{"id", operation.at("operationId").get<std::string>()},
                      {"method", method},
                      {"path", path},
                      {"summary", prose_parts(operation.at("summary").get<std::string>())},
                      {"description", prose_parts(operation.value("description", ""))},
                      {"parameters", parameters_of(operation)},
                      {"bodies", bodies_of(operation)},
                      {"answers", answers_of(operation)},
                      {"samples", samples_of(path, method, operation)}});
    }
  }
  return list;
}

std::string error_example(const Json& document, const char* response, const char* type) {
  const Json& content = document.at("components").at("responses").at(response).at("content");
  return example_text(content.at(type).at("example"));
}

Html content() {
  static const Template api = page_template(files::api_html);
  const Json document = Json::parse(files::openapi_json);
  std::vector<Values> groups;
  std::vector<Values> links;
  for (const Json& tag : document.at("tags")) {
    const auto name = tag.at("name").get<std::string>();
    links.push_back({{"name", name}});
    groups.push_back({{"name", name},
                      {"description", prose_parts(tag.at("description").get<std::string>())},
                      {"operations", operations_of(document.at("paths"), name)}});
  }
  const std::string description = document.at("info").at("description");
  return api.fill(
      {{"description", prose_parts(description)},
       {"links", std::move(links)},
       {"error", error_example(document, "Problem", "application/problem+json")},
       {"inference_error", error_example(document, "InferenceError", "application/json")},
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
  return whole_page({.title = "API", .tab = Tab::api, .styles = {"api.css"}, .scripts = {"api.js"}},
                    shown, workers);
}

}  // namespace samoyed::web
