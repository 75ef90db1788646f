// A form. The input's first line is the Content-Type, the rest is the body.

#include "web/forms/multipart.hpp"

#include <algorithm>
#include <functional>

#include "fuzz/check.hpp"
#include "support/whole_form.hpp"
#include "web/http/http_message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace samoyed::fuzz;
  using namespace samoyed::test;
  using namespace samoyed::web;
  const std::string_view input = as_text(data, size);
  const std::size_t line_end = std::min(input.find('\n'), input.size());
  const std::string_view body = input.substr(std::min(line_end + 1, input.size()));
  const std::string_view content_type = input.substr(0, line_end);
  if (!is_form_type(content_type)) return 0;
  const auto read = form_boundary(content_type);
  const auto* boundary = std::get_if<std::string>(&read);
  if (!boundary) return 0;
  check(!boundary->empty() && boundary->size() <= 70, "a boundary has a valid length");
  const auto parsed = parse_form(body, *boundary);
  const auto* form = std::get_if<Form>(&parsed);
  if (!form) {
    check(!std::get<FormError>(parsed).sentence.empty(), "an error has a sentence");
    return 0;
  }
  check(form->parts.size() <= form_parts_max, "the number of parts is limited");
  const char* end = body.data();
  for (const FormPart& part : form->parts) {
    const bool behind = std::greater_equal<>()(part.content.data(), end);
    end = part.content.data() + part.content.size();
    check(behind && std::less_equal<>()(end, body.data() + body.size()),
          "contents lie in the body, in order and without overlap");
    check(part.content.find("\r\n--" + *boundary + "\r\n") == part.content.npos,
          "a content ends before its boundary");
    check(form->find(part.name) != nullptr, "a part is found by its name");
  }
  return 0;
}
