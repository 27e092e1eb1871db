// SPDX-License-Identifier: Apache-2.0
//
// icloud-milterctl unsubscribe address: the fields that a message to somebody needs.
#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "milter/ctl/configuration.h"
#include "milter/ctl/message_file.h"
#include "milter/ctl/store_options.h"
#include "milter/ctl/suppress_print.h"
#include "milter/ctl/terminal.h"
#include "milter/ctl/unsubscribe_options.h"
#include "policy/base/text.h"

namespace icm::ctl {
namespace {

constexpr std::size_t longest_line = 4096;  // of standard input; an address has 320 octets

Result<std::string> scope_of(const UnsubscribeOptions& options, const UnsubscribeSite& site) {
  if (options.all_mail) return std::string("global");
  if (!options.list.empty()) return suppression_scope("list:" + options.list);
  if (options.stream.empty()) return site.default_scope;
  std::vector<std::string_view> names;
  for (const StreamConfig& stream : site.config.streams) {
    if (stream.name == options.stream) return "stream:" + stream.name;
    names.push_back(stream.name);
  }
  const auto near = nearest(options.stream, names);
  return fail(
      Code::syntax,
      fmt::format("--stream: there is no stream \"{}\" in the configuration ({}){}",
                  for_log(options.stream),
                  names.empty() ? "it has none" : fmt::format("it has {}", fmt::join(names, ", ")),
                  near ? fmt::format("; did you mean \"{}\"?", for_log(*near)) : ""));
}

std::string json_of(const Mailbox& mailbox, std::string_view scope, const UnsubscribeForms& forms) {
  const nlohmann::ordered_json object = {
      {"address", mailbox.key()},
      {"scope", scope},
      {"https", forms.https},
      {"mailto", forms.mailto},
      {"list_unsubscribe", unfold(list_unsubscribe_value(forms))},
      {"list_unsubscribe_post", list_unsubscribe_post_value(forms)},
      // Whether Apple Mail's button works from wherever the reader writes.
      {"mailto_has_token", !forms.mailto.empty() && forms.has_whole_token}};
  return object.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string fields_of(const UnsubscribeForms& forms) {
  std::string text = fmt::format("List-Unsubscribe: {}\n", list_unsubscribe_value(forms));
  const std::string post = list_unsubscribe_post_value(forms);
  if (!post.empty()) text += fmt::format("List-Unsubscribe-Post: {}\n", post);
  return text;
}

// Mints for one address after the other, and prints as it goes.
class Mint {
 public:
  Mint(const UnsubscribeSite& site, std::string scope, bool json)
      : site_(site), scope_(std::move(scope)), json_(json) {}

  enum class Shape { fields, columns };

  Status mint(std::string_view text, Shape shape) {
    ICM_TRY(const Mailbox mailbox, Mailbox::parse(text));
    const UnsubscribeForms forms = unsubscribe_forms(site_.tokens, site_.place, mailbox, scope_);
    if (json_) {
      printer_.add(json_of(mailbox, scope_, forms));
    } else if (shape == Shape::columns) {
      printer_.add(fmt::format("{}\t{}\t{}\n", clean(mailbox.key()), forms.https, forms.mailto));
    } else {
      if (has_printed_) printer_.add("\n");
      printer_.add(fields_of(forms));
    }
    has_printed_ = true;
    return {};
  }

  // An address a line; empty lines are passed over. A bad one is told and left out.
  Status mint_lines() {
    std::string line;
    std::uint64_t number = 0;
    const auto end_line = [&] {
      ++number;
      const std::string_view text = trim(line);
      const Status done = text.empty() ? Status() : mint(text, Shape::columns);
      if (!done) {
        ++bad_;
        complain(fmt::format("line {}: {}", number, done.error().text));
      }
      line.clear();
    };
    ICM_CHECK(read_octets("-", [&](std::string_view chunk) {
      while (!chunk.empty()) {
        const std::size_t end = std::min(chunk.find('\n'), chunk.size());
        if (line.size() < longest_line) {
          line += chunk.substr(0, std::min(end, longest_line - line.size()));
        }
        if (end == chunk.size()) break;
        end_line();
        chunk.remove_prefix(end + 1);
      }
      return true;
    }));
    if (!line.empty()) end_line();
    return {};
  }

  Status finish() { return printer_.finish(); }
  std::uint64_t bad() const { return bad_; }

 private:
  const UnsubscribeSite& site_;
  const std::string scope_;
  const bool json_;
  bool has_printed_ = false;
  std::uint64_t bad_ = 0;
  Printer printer_;
};

Result<Exit> run(const UnsubscribeOptions& options) {
  ICM_TRY(const UnsubscribeSite site, load_unsubscribe_site(options.config));
  ICM_TRY(const std::string scope, scope_of(options, site));
  Mint mint(site, scope, options.json);
  for (const std::string& address : options.addresses) {
    ICM_CHECK(address == "-" ? mint.mint_lines() : mint.mint(address, Mint::Shape::fields));
  }
  ICM_CHECK(mint.finish());
  return mint.bad() == 0 ? Exit::done : Exit::usage;
}

}  // namespace

Exit unsubscribe_address(const UnsubscribeOptions& options) {
  const Result<Exit> done = run(options);
  return done ? *done : complain_about(done.error());
}

}  // namespace icm::ctl
