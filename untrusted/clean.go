package untrusted

import "reflect"

// Clean makes one Line of every string in what a pointer leads to, bounded as
// there: fields, elements, and keys and values of maps.
func Clean(pointer any, bound int) { clean(reflect.ValueOf(pointer), bound) }

func clean(v reflect.Value, bound int) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			clean(v.Elem(), bound)
		}
	case reflect.Interface:
		if v.IsNil() {
			return
		}
		if !v.CanSet() || v.Elem().Kind() == reflect.Pointer {
			clean(v.Elem(), bound)
			return
		}
		cleaned := reflect.New(v.Elem().Type()).Elem() // what an interface holds cannot be changed in place
		cleaned.Set(v.Elem())
		clean(cleaned, bound)
		v.Set(cleaned)
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Field(i); field.CanSet() {
				clean(field, bound)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			clean(v.Index(i), bound)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			cleaned := [2]reflect.Value{reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()}
			cleaned[0].Set(key)
			cleaned[1].Set(v.MapIndex(key))
			clean(cleaned[0], bound)
			clean(cleaned[1], bound)
			v.SetMapIndex(key, reflect.Value{})
			v.SetMapIndex(cleaned[0], cleaned[1])
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString(Line(v.String(), bound))
		}
	}
}
