// SPDX-License-Identifier: Apache-2.0
//
// bash and zsh walk over the words that are there already, in the same way: a word that names a
// command below leads to it, one behind an option that takes a value is that value, every other is
// an argument. What may come next then stands in a table by that place. fish has a table of its
// own, and needs to be told the place alone.

#include "milter/ctl/manual/completion.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm::ctl {
namespace {

// Something that may be typed, and a few words about it.
struct Offer {
  std::string word;
  std::string about;
};
using Offers = std::vector<Offer>;

void visit(const DescribedCommand& command,
           const std::function<void(const DescribedCommand&)>& use) {
  use(command);
  for (const DescribedCommand& below : command.commands) visit(below, use);
}

// In single quotes, for sh, zsh and fish alike.
std::string in_quotes(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string first_sentence(std::string_view text) {
  text = text.substr(0, text.find(". "));
  if (text.ends_with('.')) text.remove_suffix(1);
  return std::string(text);
}

Offers options_of(const DescribedCommand& command) {
  Offers offers;
  for (const DescribedOption& option : command.options) {
    for (const std::string& name : option.names) {
      offers.push_back({name, first_sentence(option.sentences)});
    }
  }
  return offers;
}

Offers commands_of(const DescribedCommand& command) {
  Offers offers;
  for (const DescribedCommand& below : command.commands) {
    offers.push_back({below.path.back(), first_sentence(below.description)});
  }
  return offers;
}

Offers words_of(const DescribedOption& option) {
  Offers offers;
  for (const std::string& word : option.words) offers.push_back({word, ""});
  return offers;
}

std::string identifier(const DescribedCommand& program) {
  std::string name = "_" + program.name();
  std::ranges::replace(name, '-', '_');
  return name;
}

// ---- bash and zsh ----

// How one of the two writes down what is offered at a place.
using WriteOffers = std::function<std::string(const Offers&)>;

// Patterns of a case, " |" between; one that matches nothing where there are none.
std::string patterns(std::vector<std::string> words) {
  for (std::string& word : words) word = in_quotes(word);
  return words.empty() ? "''" : fmt::format("{}", fmt::join(words, " | \\\n      "));
}

std::string walk_cases(const DescribedCommand& program) {
  std::vector<std::string> places;
  std::vector<std::string> takers;
  visit(program, [&](const DescribedCommand& command) {
    if (&command != &program) places.push_back(command.name());
    for (const DescribedOption& option : command.options) {
      if (option.value.empty()) continue;
      for (const std::string& name : option.names) takers.push_back(command.name() + " " + name);
    }
  });
  return fmt::format(
      "    case \"$at $word\" in\n"
      "      {}) at=\"$at $word\" given=0 ;;\n"
      "      {}) before=$word ;;\n"
      "      *' -'?*) ;;\n"
      "      *) given=$((given + 1)) ;;\n"
      "    esac\n",
      patterns(places), patterns(takers));
}

std::string offer_line(const std::string& pattern, const Offers& offers, bool files,
                       const WriteOffers& write) {
  return fmt::format("    {}) offered=({}){} ;;\n", pattern, write(offers),
                     files ? " files=yes" : "");
}

// By "place option", "place -" for the options, "place number" for the arguments.
std::string offer_cases(const DescribedCommand& program, const WriteOffers& write) {
  std::string text;
  visit(program, [&](const DescribedCommand& command) {
    for (const DescribedOption& option : command.options) {
      if (option.words.empty() && !option.takes_file) continue;
      std::vector<std::string> names;
      for (const std::string& name : option.names) names.push_back(command.name() + " " + name);
      text += offer_line(patterns(names), words_of(option), option.takes_file, write);
    }
    text += offer_line(in_quotes(command.name() + " -"), options_of(command), false, write);
    for (std::size_t i = 0; i < command.arguments.size(); ++i) {
      const DescribedOption& argument = command.arguments[i];
      Offers offers = words_of(argument);
      if (i == 0) {
        const Offers below = commands_of(command);
        offers.insert(offers.end(), below.begin(), below.end());
      }
      const std::string place = in_quotes(
          fmt::format("{} {}", command.name(), argument.repeats ? "" : std::to_string(i)));
      text += offer_line(argument.repeats ? place + "[0-9]*" : place, offers, argument.takes_file,
                         write);
    }
    if (command.arguments.empty()) {
      text += offer_line(in_quotes(command.name() + " 0"), commands_of(command), false, write);
    }
  });
  return text;
}

}  // namespace

std::string bash_completion(const DescribedCommand& program) {
  const auto write = [](const Offers& offers) {
    std::string words;
    for (const Offer& offer : offers) words += (words.empty() ? "" : " ") + offer.word;
    return words;
  };
  constexpr std::string_view script =
      R"sh(# bash completion for {name}, written from its command line.
{function}() {{
  local at={name} before= given=0 files= word i current=${{COMP_WORDS[COMP_CWORD]}}
  local -a offered=()
  [[ $current != = ]] || current=
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${{COMP_WORDS[i]}}
    [[ $word != = ]] || continue # bash splits --option=value
    if [[ $before ]]; then
      before=
      continue
    fi
{walk}  done
  word=${{before:-$given}}
  [[ $before || $current != -* ]] || word=-
  case "$at $word" in
{offers}  esac
  COMPREPLY=()
  mapfile -t COMPREPLY < <(compgen -W "${{offered[*]}}" -- "$current")
  if [[ $files ]]; then
    mapfile -t -O "${{#COMPREPLY[@]}}" COMPREPLY < <(compgen -f -- "$current")
    compopt -o filenames 2>/dev/null || true # outside of a completion, in a test
  fi
}}
complete -F {function} {name}
)sh";
  return fmt::format(fmt::runtime(script), fmt::arg("name", program.name()),
                     fmt::arg("function", identifier(program)),
                     fmt::arg("walk", walk_cases(program)),
                     fmt::arg("offers", offer_cases(program, write)));
}

std::string zsh_completion(const DescribedCommand& program) {
  const auto write = [](const Offers& offers) {
    std::string words;
    for (const Offer& offer : offers) {
      const std::string about = offer.about.empty() ? "" : ":" + offer.about;
      words += "\n      " + in_quotes(offer.word + about);
    }
    return words;
  };
  constexpr std::string_view script = R"sh(#compdef {name}
# zsh completion for {name}, written from its command line.
{function}() {{
  local at={name} before= given=0 files= word
  local -a offered
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    if [[ -n $before ]]; then
      before=
      continue
    fi
{walk}  done
  if [[ -z $before && $PREFIX == --*=* ]]; then
    before=${{PREFIX%%=*}}
    compset -P 1 '*='
  fi
  word=${{before:-$given}}
  [[ -n $before || $PREFIX != -* ]] || word=-
  case "$at $word" in
{offers}  esac
  if [[ $word == - ]]; then
    _describe -o option offered
  elif (( $#offered )); then
    _describe {name} offered
  fi
  [[ -z $files ]] || _files
}}
{function} "$@"
)sh";
  return fmt::format(fmt::runtime(script), fmt::arg("name", program.name()),
                     fmt::arg("function", identifier(program)),
                     fmt::arg("walk", walk_cases(program)),
                     fmt::arg("offers", offer_cases(program, write)));
}

namespace {

// ---- fish ----

// What an option or an argument takes, as fish's complete is told.
std::string fish_value(const DescribedOption& option) {
  if (option.takes_file) return " -r -F";
  if (option.words.empty()) return " -x";
  return fmt::format(" -x -a {}", in_quotes(fmt::format("{}", fmt::join(option.words, " "))));
}

std::string fish_command(const DescribedCommand& command, const std::string& begin) {
  std::string text;
  for (const Offer& below : commands_of(command)) {
    text += fmt::format("{} -a {} -d {}\n", begin, below.word, in_quotes(below.about));
  }
  for (const DescribedOption& argument : command.arguments) {
    if (argument.takes_file) text += begin + " -F\n";
    for (const std::string& word : argument.words) text += fmt::format("{} -a {}\n", begin, word);
  }
  for (const DescribedOption& option : command.options) {
    text += begin;
    for (const std::string& name : option.names) {
      const bool is_long = name.starts_with("--");
      text += fmt::format(" {} {}", is_long ? "-l" : "-s", name.substr(is_long ? 2 : 1));
    }
    if (!option.value.empty()) text += fish_value(option);
    text += fmt::format(" -d {}\n", in_quotes(first_sentence(option.sentences)));
  }
  return text;
}

}  // namespace

std::string fish_completion(const DescribedCommand& program) {
  std::string places;
  std::string commands;
  visit(program, [&](const DescribedCommand& command) {
    places += " " + in_quotes(command.name());
    commands +=
        fish_command(command, fmt::format("complete -c {} -n '_{}_at \"{}\"'", program.name(),
                                          identifier(program), command.name()));
  });
  constexpr std::string_view script =
      R"fish(# fish completion for {name}, written from its command line.
set -g _{function}_places{places}
function _{function}_at
    set -l at {name}
    for word in (commandline -opc)[2..-1]
        contains -- "$at $word" $_{function}_places; and set at "$at $word"
    end
    test "$at" = "$argv[1]"
end
complete -c {name} -f
)fish";
  return fmt::format(fmt::runtime(script), fmt::arg("name", program.name()),
                     fmt::arg("function", identifier(program)), fmt::arg("places", places)) +
         commands;
}

}  // namespace icm::ctl
