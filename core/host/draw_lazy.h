// SPDX-License-Identifier: MIT
// Copyright 2026 The campusd authors
//
// Cairo, Pango and libqrencode as functions that are found when a child is about to draw: linked
// in, every process of ours would map and bind some thirty libraries more.
#ifndef HOST_DRAW_LAZY_H
#define HOST_DRAW_LAZY_H

#include <pango/pangocairo.h>
#include <fontconfig/fontconfig.h>
#include <cairo-pdf.h>
#include <qrencode.h>
#include <stdbool.h>

#define DRAW_FUNCTIONS(X)                                                                          \
    X(cairo_create)                                                                                \
    X(cairo_destroy)                                                                               \
    X(cairo_status)                                                                                \
    X(cairo_save)                                                                                  \
    X(cairo_restore)                                                                               \
    X(cairo_move_to)                                                                               \
    X(cairo_line_to)                                                                               \
    X(cairo_rectangle)                                                                             \
    X(cairo_arc)                                                                                   \
    X(cairo_new_path)                                                                              \
    X(cairo_stroke)                                                                                \
    X(cairo_fill)                                                                                  \
    X(cairo_set_line_width)                                                                        \
    X(cairo_set_dash)                                                                              \
    X(cairo_set_source_rgb)                                                                        \
    X(cairo_set_source_rgba)                                                                       \
    X(cairo_translate)                                                                             \
    X(cairo_rotate)                                                                                \
    X(cairo_show_page)                                                                             \
    X(cairo_surface_destroy)                                                                       \
    X(cairo_surface_finish)                                                                        \
    X(cairo_surface_status)                                                                        \
    X(cairo_pdf_surface_create_for_stream)                                                         \
    X(cairo_pdf_surface_set_metadata)                                                              \
    X(g_mutex_lock)                                                                                \
    X(g_mutex_unlock)                                                                              \
    X(g_object_unref)                                                                              \
    X(pango_cairo_font_map_new)                                                                    \
    X(pango_cairo_show_layout)                                                                     \
    X(pango_font_description_free)                                                                 \
    X(pango_font_description_from_string)                                                          \
    X(pango_font_description_set_absolute_size)                                                    \
    X(pango_font_description_set_weight)                                                           \
    X(pango_font_map_create_context)                                                               \
    X(pango_context_set_language)                                                                  \
    X(pango_language_from_string)                                                                  \
    X(pango_layout_new)                                                                            \
    X(pango_layout_get_iter)                                                                       \
    X(pango_layout_get_size)                                                                       \
    X(pango_layout_get_unknown_glyphs_count)                                                       \
    X(pango_layout_iter_free)                                                                      \
    X(pango_layout_iter_get_baseline)                                                              \
    X(pango_layout_iter_get_line_extents)                                                          \
    X(pango_layout_iter_get_line_readonly)                                                         \
    X(pango_layout_iter_next_line)                                                                 \
    X(pango_layout_set_alignment)                                                                  \
    X(pango_layout_set_font_description)                                                           \
    X(pango_layout_set_indent)                                                                     \
    X(pango_layout_set_justify)                                                                    \
    X(pango_layout_set_line_spacing)                                                               \
    X(pango_layout_set_markup)                                                                     \
    X(pango_layout_set_text)                                                                       \
    X(pango_layout_set_width)                                                                      \
    X(pango_layout_set_wrap)                                                                       \
    X(pango_cairo_show_layout_line)                                                                \
    X(FcConfigSetCurrent)                                                                          \
    X(FcPatternGetString)                                                                          \
    X(FcConfigCreate)                                                                              \
    X(FcConfigParseAndLoadFromMemory)                                                              \
    X(FcConfigBuildFonts)                                                                          \
    X(FcConfigGetFonts)                                                                            \
    X(QRcode_encodeString8bit)                                                                     \
    X(QRcode_free)

struct draw_functions {
#define X(name) __typeof__(name) *name;
    DRAW_FUNCTIONS(X)
#undef X
};
extern struct draw_functions draw;
bool draw_load(void); // false when a library is missing

#endif
