# Makes TO a copy of FROM, but for node_modules: TO has its own.
file(GLOB old ${TO}/* ${TO}/.*)
list(FILTER old EXCLUDE REGEX "/(node_modules|\\.|\\.\\.)$")
if(old)
  file(REMOVE_RECURSE ${old})
endif()
file(COPY ${FROM}/ DESTINATION ${TO} PATTERN node_modules EXCLUDE)
