// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/unsubscribe_page.h"

#include <fmt/format.h>

#include "milter/ctl/html.h"
#include "policy/auth/crypto.h"

namespace icm::ctl {
namespace {

constexpr std::string_view style =
    ":root{color-scheme:light dark}"
    "body{font:1.125rem/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1rem}"
    "h1{font-size:1.5rem;line-height:1.25}"
    "button{font:inherit;padding:.6rem 1.4rem;min-height:2.75rem;border-radius:.4rem;border:2px "
    "solid;cursor:pointer}"
    "button:focus-visible{outline:3px solid Highlight;outline-offset:3px}";

// The button sends what a mailbox provider sends (RFC 8058 §3.2), and that a person did.
constexpr std::string_view button =
    "<form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">"
    "<input type=\"hidden\" name=\"by\" value=\"page\">"
    "<button type=\"submit\">Unsubscribe</button></form>";

struct Words {
  std::string_view title;
  std::string_view text;
  bool has_button = false;
};

Words words_of(UnsubscribePage page) {
  switch (page) {
    case UnsubscribePage::ask:
      return {"Unsubscribe?",
              "Press the button to stop this mail to the address it was sent to. Nothing has "
              "changed so far.",
              true};
    case UnsubscribePage::done:
      return {"You are unsubscribed", "This mail will no longer be sent to your address."};
    case UnsubscribePage::unknown:
      return {
          "This link is not complete",
          "Nothing has changed. Please open the link in the message itself, or copy all of it."};
    case UnsubscribePage::later:
      return {"Please try again in a few minutes",
              "Your request could not be kept just now, so nothing has changed yet.", true};
    case UnsubscribePage::too_many:
      return {"Please try again in a minute",
              "Too many requests came from your network. Nothing has changed.", false};
    case UnsubscribePage::not_allowed:
      return {"This is not possible", "Nothing has changed."};
  }
  return {};
}

}  // namespace

std::string unsubscribe_page(UnsubscribePage page, std::string_view site) {
  const Words words = words_of(page);
  const std::string name = escaped_html(site);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta name=\"robots\" content=\"noindex\"><title>{}{}</title><style>{}</style></head>\n"
      "<body><main><h1>{}</h1>{}<p>{}</p>{}</main></body></html>\n",
      words.title, name.empty() ? "" : " \xe2\x80\x93 " + name, style, words.title,
      name.empty() ? "" : "<p>" + name + "</p>", words.text, words.has_button ? button : "");
}

std::vector<std::pair<std::string, std::string>> page_fields() {
  const std::string hash = to_base64(octets_of(sha256(style)));
  return {{"Cache-Control", "no-store"},
          {"Content-Security-Policy",
           fmt::format("default-src 'none'; style-src 'sha256-{}'; form-action 'self'; "
                       "frame-ancestors 'none'; base-uri 'none'",
                       hash)},
          {"Referrer-Policy", "no-referrer"},
          {"X-Content-Type-Options", "nosniff"},
          {"X-Frame-Options", "DENY"},
          {"X-Robots-Tag", "noindex"}};
}

}  // namespace icm::ctl
