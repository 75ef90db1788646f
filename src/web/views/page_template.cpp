#include "web/views/page_template.hpp"

#include "samoyed_web_files.hpp"

namespace samoyed::web {

Template page_template(std::string_view text) {
  return Template(text, {{"choices", files::choices_html},
                         {"label_row", files::label_row_html},
                         {"labels", files::labels_html},
                         {"upload", files::upload_html},
                         {"worker_row", files::worker_row_html}});
}

}  // namespace samoyed::web
