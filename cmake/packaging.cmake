# The Debian package, by CPack: programs, page, manual pages, completions, unit, example settings. `./dev package` makes
# it; what is generated (manual pages, completions, change log, licences) deploy/package/prepare.sh has put into
# package/ of the build folder before. Nothing here is built by `./dev build`.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # packaging must not build the tests

set(prepared ${CMAKE_BINARY_DIR}/package)
set(package_files ${CMAKE_SOURCE_DIR}/deploy/package)
install(TARGETS trouped troupectl RUNTIME DESTINATION usr/bin COMPONENT troupe)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/http/web/dist/ DESTINATION usr/share/troupe/web COMPONENT troupe)
install(FILES ${CMAKE_SOURCE_DIR}/http/ingest/prices.json DESTINATION usr/share/troupe COMPONENT troupe)
install(FILES ${package_files}/troupe.toml DESTINATION etc/troupe COMPONENT troupe)
install(FILES ${package_files}/trouped.service DESTINATION lib/systemd/system COMPONENT troupe)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/deploy/nginx ${CMAKE_SOURCE_DIR}/deploy/caddy
  ${CMAKE_SOURCE_DIR}/deploy/prometheus ${CMAKE_SOURCE_DIR}/deploy/grafana
  DESTINATION usr/share/doc/troupe/examples COMPONENT troupe
  PATTERN *.mjs EXCLUDE PATTERN *.test.yml EXCLUDE)
install(DIRECTORY ${prepared}/usr DESTINATION . COMPONENT troupe OPTIONAL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_COMPONENTS_ALL troupe)
set(CPACK_DEB_COMPONENT_INSTALL OFF)
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};${PROJECT_NAME};troupe;/")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGE_NAME troupe)
set(CPACK_PACKAGE_CONTACT "Troupe developers <developers@troupe.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "self-hosted control room for fleets of AI agents")
set(CPACK_PACKAGE_DESCRIPTION "Takes in what agents do (OpenTelemetry, or its own event API), keeps every
acknowledged event on replicated shards, and shows it live. One program and
a data directory; no broker, cache or database beside it.
.
It needs libraft 0.22.1 or newer, which Debian 12 has in bookworm-backports:
add that suite, then install with -t bookworm-backports.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS OFF)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, libraft0 (>= 0.22.1)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "systemd, bash-completion")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${package_files}/postinst ${package_files}/prerm ${package_files}/postrm
  ${package_files}/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
